//! Law: whatever is answered to a call to AWS KMS, the call ends, with an error or with what was asked for: the key of
//! the request, and bytes as long as they must be, which are those that another reader of JSON finds in the answer. A
//! refusal of Encrypt, whose request has a data key in it, does not repeat the data key, also where the answer does.

#![no_main]

use std::sync::{LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{
    AsyncSleep, Credentials, SharedAsyncSleep, SharedCredentialsProvider, SharedHttpClient, Sleep,
};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enwrap::crypto::ec::{Curve, EcPrivateKey};
use enwrap::crypto::secret::DataKey;
use enwrap::keys::aws_kms::api::{KmsApi, KmsBlob, KmsKeyName, MOST_BLOB_BYTES};
use enwrap::keys::aws_kms::client::{ClientSettings, client_of};
use enwrap::message::context::EncryptionContext;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const OTHER: &str = "arn:aws:kms:eu-central-1:111122223333:key/9999";

/// What an answer may have as its status.
const STATUSES: [u16; 5] = [200, 400, 403, 429, 500];

/// The status and the body of the answer to every request.
static ANSWER: Mutex<(u16, Vec<u8>)> = Mutex::new((200, Vec::new()));

#[derive(Debug)]
struct Answering;

impl HttpConnector for Answering {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = ANSWER.lock().unwrap().clone();
        let answer = HttpResponse::new(status.try_into().unwrap(), body.into());
        HttpConnectorFuture::ready(Ok(answer))
    }
}

/// A clock that goes on when somebody waits, so that what is sent again is sent at once, and the limiter of the rate has
/// waited for as long as it wants.
#[derive(Debug)]
struct Clock;

static WAITED: Mutex<Duration> = Mutex::new(Duration::ZERO);

impl AsyncSleep for Clock {
    fn sleep(&self, time: Duration) -> Sleep {
        *WAITED.lock().unwrap() += time;
        Sleep::new(std::future::ready(()))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + *WAITED.lock().unwrap()
    }
}

/// One client for all runs: to make one takes longer than a call.
static KMS: LazyLock<Box<dyn KmsApi>> = LazyLock::new(|| {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "fuzz");
    let http: SharedHttpClient = http_client_fn(|_, _| SharedHttpConnector::new(Answering));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new("eu-central-1"))
        .sleep_impl(SharedAsyncSleep::new(Clock))
        .time_source(Clock)
        .http_client(http);
    client_of(ClientSettings::default(), config.build())
});

/// Requires that the answer has these bytes, if it is JSON for another reader too.
fn require_in_answer(answer: &[u8], member: &str, bytes: &[u8]) {
    if let Ok(json) = serde_json::from_slice::<Value>(answer) {
        assert_eq!(STANDARD.decode(json[member].as_str().unwrap()).unwrap(), bytes);
    }
}

fn require_blob(answer: &[u8], blob: &KmsBlob, key: &str) {
    assert_eq!(blob.key.as_str(), key);
    assert!((1..=MOST_BLOB_BYTES).contains(&blob.blob.len()));
    require_in_answer(answer, "CiphertextBlob", &blob.blob);
}

fuzz_target!(|data: &[u8]| {
    static CONTEXT: LazyLock<EncryptionContext> = LazyLock::new(|| {
        let mut context = EncryptionContext::default();
        context.insert("app", "backup").unwrap();
        context
    });
    static DATA_KEY: LazyLock<DataKey> = LazyLock::new(|| {
        let [plaintext, blob] = [[7; 32], [8; 32]].map(|it| STANDARD.encode(it));
        let body = json!({ "KeyId": KEY, "Plaintext": plaintext, "CiphertextBlob": blob });
        *ANSWER.lock().unwrap() = (200, body.to_string().into());
        KMS.generate_data_key(&KEY.parse().unwrap(), 32, &CONTEXT).unwrap().0
    });
    static SENDER: LazyLock<EcPrivateKey> =
        LazyLock::new(|| EcPrivateKey::generate(Curve::P256).unwrap());
    // The call, the status of its answer, and the answer.
    let Some(([call, status], body)) = data.split_first_chunk() else { return };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    LazyLock::force(&DATA_KEY);
    *ANSWER.lock().unwrap() = (status, body.to_vec());
    let [key, other] = [KEY, OTHER].map(|key| key.parse::<KmsKeyName>().unwrap());
    let is_believed = match call % 6 {
        0 => {
            let generated = KMS.generate_data_key(&key, 32, &CONTEXT);
            generated.map(|(data_key, blob)| {
                assert_eq!(data_key.len(), 32);
                require_in_answer(body, "Plaintext", data_key.expose());
                require_blob(body, &blob, KEY);
            })
        }
        1 => {
            let generated = KMS.generate_data_key_without_plaintext(&key, 32, &CONTEXT);
            generated.map(|blob| require_blob(body, &blob, KEY))
        }
        2 => {
            let wrapped = KMS.encrypt(&key, &DATA_KEY, &CONTEXT);
            if let Err(error) = &wrapped {
                assert!(!format!("{error:?}").contains(&STANDARD.encode(DATA_KEY.expose())));
            }
            wrapped.map(|blob| require_blob(body, &blob, KEY))
        }
        3 => KMS.decrypt(Some(&key), b"blob", &CONTEXT).map(|opened| {
            assert_eq!(opened.key.as_str(), KEY);
            assert!((1..=4096).contains(&opened.data_key.len()));
            require_in_answer(body, "Plaintext", opened.data_key.expose());
        }),
        4 => {
            let again = KMS.re_encrypt(Some(&key), b"blob", &CONTEXT, &other, &CONTEXT);
            again.map(|again| {
                assert_eq!(again.source.as_str(), KEY);
                require_blob(body, &again.wrapped, OTHER);
            })
        }
        _ => {
            let derived = KMS.derive_shared_secret(&key, SENDER.public());
            derived.map(|secret| {
                assert_eq!(secret.len(), 32);
                require_in_answer(body, "SharedSecret", secret.expose());
            })
        }
    };
    assert!(is_believed.is_err() || status == 200);
});
