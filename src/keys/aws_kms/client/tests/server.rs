//! A server on this machine that answers what a test has it answer.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

/// What a request is answered.
#[derive(Clone)]
pub(super) enum Reply {
    /// A status and a body.
    Body(u16, Vec<u8>),
    /// A body without its length, which ends when there is no more.
    Endless(u8),
    /// The first half of an answer, and then the connection is closed.
    Half,
    /// The connection is closed at once.
    Close,
    /// Nothing, for as long as the client waits.
    Nothing,
    /// An answer that waits until as many requests are there.
    Together(Arc<Barrier>, Vec<u8>),
}

impl Reply {
    pub(super) fn ok(body: &str) -> Self {
        Self::Body(200, body.into())
    }

    /// The error with this code, as AWS KMS answers it.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": message });
        Self::Body(status, body.to_string().into())
    }
}

/// The server; it ends when it is dropped.
pub(super) struct Server {
    pub(super) url: String,
    state: Arc<State>,
}

struct State {
    /// The last one is given again and again.
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    is_over: AtomicBool,
}

impl Server {
    pub(super) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            replies: Mutex::new(replies.into_iter().collect()),
            requests: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(shared.converse(&stream.unwrap())));
            }
        });
        Self { url, state }
    }

    /// The heads and bodies of the requests that have come.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.state.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // It waits for a connection.
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
    }
}

impl State {
    /// Answers the requests of one connection.
    fn converse(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_request(&mut reader)? {
            self.requests.lock().unwrap().push(request);
            let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
            let reply = {
                let mut replies = self.replies.lock().unwrap();
                if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
            };
            if let Some(Reply::Together(all, _)) = &reply {
                all.wait();
            }
            // Before the answer: after it, the client may send the next request at once.
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            match reply {
                Some(Reply::Body(status, body)) => write_answer(stream, status, &body, body.len())?,
                Some(Reply::Together(_, body)) => write_answer(stream, 200, &body, body.len())?,
                Some(Reply::Half) => return write_answer(stream, 200, br#"{"KeyId": "#, 200),
                Some(Reply::Endless(byte)) => return write_endlessly(stream, byte),
                Some(Reply::Close) | None => return Ok(()),
                Some(Reply::Nothing) => {}
            }
        }
        Ok(())
    }
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<String>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let head = head.to_ascii_lowercase();
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; len.map_or(0, |len| len.parse().unwrap())];
    reader.read_exact(&mut body)?;
    Ok(Some(head + &String::from_utf8(body).unwrap()))
}

fn write_answer(
    mut stream: &TcpStream,
    status: u16,
    body: &[u8],
    len: usize,
) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {len}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn write_endlessly(mut stream: &TcpStream, byte: u8) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 X\r\n\r\n")?;
    loop {
        stream.write_all(&[byte; 4096])?;
    }
}
