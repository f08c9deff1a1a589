//! The client against a server that answers well, wrongly, half or not at all. Credentials,
//! region and endpoint are given, so nothing of AWS's is read from the environment; the SDK's connections still go by
//! `HTTP_PROXY` where it is set without `NO_PROXY`.

mod server;

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use aws_config::imds::{self, credentials::ImdsCredentialsProvider};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::ClientSettings;
use super::calls::KmsCalls;
use super::regions::{Regions, Source};
use super::sdk::SdkClient;
use crate::crypto::der;
use crate::crypto::ec::{Curve, EcPrivateKey};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keys::aws_kms::api::{KmsApi as _, KmsCause, KmsError, KmsKeyName};
use crate::message::context::EncryptionContext;
use server::{Reply, Server};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const OTHER: &str = "arn:aws:kms:eu-central-1:111122223333:key/9999";

/// More than any test takes, so that none depends on the speed of a machine.
const LONG: Duration = Duration::from_secs(60);

fn source(url: &str, credentials: SharedCredentialsProvider, region: Option<Region>) -> Source {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials)
        .region(region)
        .endpoint_url(url);
    Source::Given(config.build().into())
}

fn credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests"))
}

fn client(server: &Server, timeout: Duration) -> SdkClient {
    let settings = ClientSettings { timeout, ..ClientSettings::default() };
    SdkClient::new(settings, source(&server.url, credentials(), None))
}

fn key(name: &str) -> KmsKeyName {
    name.parse().unwrap()
}

fn context() -> EncryptionContext {
    let mut context = EncryptionContext::default();
    context.insert("app", "backup").unwrap();
    context
}

fn generated(key_id: &str, plaintext: &[u8], blob: &[u8]) -> String {
    let [plaintext, blob] = [plaintext, blob].map(|it| BASE64_STANDARD.encode(it));
    json!({ "KeyId": key_id, "Plaintext": plaintext, "CiphertextBlob": blob }).to_string()
}

/// Why a key is not generated where the server answers so.
fn cause_of(replies: impl IntoIterator<Item = Reply>) -> KmsCause {
    let server = Server::start(replies);
    let error = client(&server, LONG).generate_data_key(&key(KEY), 32, &context()).unwrap_err();
    error.cause
}

/// Why a blob is not decrypted where the server answers so.
fn cause_of_decrypt(reply: Reply) -> KmsCause {
    let server = Server::start([reply]);
    client(&server, LONG).decrypt(Some(&key(KEY)), b"blob", &context()).unwrap_err().cause
}

/// The request that the server got: its target, and its JSON.
fn only_request(server: &Server) -> (String, Value) {
    let [request] = &server.requests()[..] else { panic!("one request") };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let target = head.lines().find_map(|line| line.strip_prefix("x-amz-target: ")).unwrap();
    (target.to_owned(), serde_json::from_str(body).unwrap())
}

#[test]
fn a_data_key_is_generated_in_one_call() {
    let server = Server::start([Reply::ok(&generated(KEY, &[7; 32], b"blob"))]);
    let calls = Arc::<KmsCalls>::default();
    let settings = ClientSettings { calls: Arc::clone(&calls), ..ClientSettings::default() };
    let source = source(&server.url, credentials(), None);
    let client = SdkClient::new(settings, source);
    assert_eq!(server.requests().len(), 0);
    let (data_key, blob) = client.generate_data_key(&key(KEY), 32, &context()).unwrap();
    assert_eq!(data_key.expose(), [7; 32]);
    assert_eq!((blob.key.as_str(), &blob.blob[..], blob.material_id), (KEY, &b"blob"[..], None));
    let (target, body) = only_request(&server);
    assert_eq!(target, "trentservice.generatedatakey");
    let sent = json!({ "KeyId": KEY, "NumberOfBytes": 32, "EncryptionContext": {"app": "backup"} });
    assert_eq!(body, sent);
    assert_eq!((calls.made(), calls.throttled()), (1, 0));
    assert!(server.requests()[0].contains("/eu-central-1/kms/aws4_request"), "the ARN's region");
}

#[test]
fn each_operation_sends_what_it_is_given_and_reads_its_answer() {
    let blob = BASE64_STANDARD.encode(b"blob");
    let wrapped = json!({ "KeyId": KEY, "CiphertextBlob": blob, "KeyMaterialId": "ab12" });
    let server = Server::start([Reply::ok(&wrapped.to_string())]);
    let kms = client(&server, LONG);
    let got = kms.generate_data_key_without_plaintext(&key(KEY), 16, &context()).unwrap();
    assert_eq!((got.blob, got.material_id.as_deref()), (b"blob".to_vec(), Some("ab12")));
    assert_eq!(only_request(&server).1["NumberOfBytes"], 16);

    let server = Server::start([Reply::ok(&wrapped.to_string())]);
    let data_key = DataKey::new(SecretBytes::copy_of(&[7; 32]));
    let none = EncryptionContext::default();
    client(&server, LONG).encrypt(&key(KEY), &data_key, &none).unwrap();
    let (target, body) = only_request(&server);
    assert_eq!(target, "trentservice.encrypt");
    assert_eq!(body, json!({ "KeyId": KEY, "Plaintext": BASE64_STANDARD.encode([7; 32]) }));

    let opened = json!({ "KeyId": KEY, "Plaintext": BASE64_STANDARD.encode([7; 32]) });
    let server = Server::start([Reply::ok(&opened.to_string())]);
    let got = client(&server, LONG).decrypt(Some(&key(KEY)), b"blob", &context()).unwrap();
    assert_eq!((got.data_key, got.key.as_str()), (data_key, KEY));
    let body = only_request(&server).1;
    let sent =
        json!({ "KeyId": KEY, "CiphertextBlob": blob, "EncryptionContext": {"app": "backup"} });
    assert_eq!(body, sent);

    let rewrapped = json!({ "SourceKeyId": KEY, "KeyId": OTHER, "CiphertextBlob": blob });
    let server = Server::start([Reply::ok(&rewrapped.to_string())]);
    let kms = client(&server, LONG);
    let got =
        kms.re_encrypt(Some(&key(KEY)), b"blob", &context(), &key(OTHER), &context()).unwrap();
    assert_eq!((got.source.as_str(), got.wrapped.key.as_str()), (KEY, OTHER));
    let body = only_request(&server).1;
    assert_eq!((&body["SourceKeyId"], &body["DestinationKeyId"]), (&json!(KEY), &json!(OTHER)));
}

#[test]
fn a_shared_secret_is_as_long_as_the_field_of_its_curve() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let sender = EcPrivateKey::generate(curve).unwrap();
        for (len, is_right) in [(curve.scalar_len(), true), (curve.scalar_len() - 1, false)] {
            let secret = BASE64_STANDARD.encode(vec![9; len]);
            let answer = json!({ "KeyId": KEY, "SharedSecret": secret });
            let server = Server::start([Reply::ok(&answer.to_string())]);
            let got = client(&server, LONG).derive_shared_secret(&key(KEY), sender.public());
            assert_eq!(
                got.map_err(|it| it.cause).map(|it| it.len()),
                match is_right {
                    true => Ok(len),
                    false => Err(KmsCause::BadAnswer(
                        "the plaintext has another length than it must have",
                    )),
                }
            );
            let body = only_request(&server).1;
            let spki = der::write_spki(sender.public()).unwrap();
            assert_eq!(body["PublicKey"], BASE64_STANDARD.encode(spki));
            assert_eq!(body["KeyAgreementAlgorithm"], "ECDH");
        }
    }
}

#[test]
fn an_error_of_the_service_comes_as_its_cause() {
    let not_found = || Reply::error(400, "NotFoundException", "Alias .. is not found.");
    assert_eq!(cause_of([not_found()]), KmsCause::NotFound);
    assert_eq!(cause_of_decrypt(not_found()), KmsCause::NotFound);
    let refused = Reply::error(400, "InvalidCiphertextException", "");
    assert_eq!(cause_of_decrypt(refused), KmsCause::Refused);
    // Some of AWS's front ends write the code so.
    let denied = Reply::error(400, "com.amazon.coral#AccessDeniedException:http://x", "no");
    assert_eq!(cause_of([denied]), KmsCause::AccessDenied);
    assert_eq!(cause_of([Reply::error(500, "KMSInternalException", "")]), KmsCause::Internal);
}

#[test]
fn the_error_has_the_action_and_the_key() {
    let server = Server::start([Reply::error(400, "AccessDeniedException", "no")]);
    let client = client(&server, LONG);
    let error = client.generate_data_key(&key(KEY), 32, &context()).unwrap_err();
    let text = format!("AWS KMS, GenerateDataKey with key '{KEY}': access is denied");
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_foreign_text_is_cut_and_has_no_data_key() {
    let long = "\u{1b}[31m".repeat(1000);
    let KmsCause::Invalid(text) = cause_of([Reply::error(400, "ValidationException", &long)])
    else {
        panic!("it is invalid")
    };
    assert_eq!(text.chars().count(), 300);
    assert!(!text.contains('\u{1b}'));

    let data_key = DataKey::new(SecretBytes::copy_of(&[7; 32]));
    let text = BASE64_STANDARD.encode([7; 32]);
    for (code, words, kept) in [
        ("ValidationException", format!("bad: {text}"), "ValidationException"),
        // As a fuzzer found it.
        (&format!("bad {text}"), String::new(), "in words that are not shown"),
    ] {
        let server = Server::start([Reply::error(400, code, &words)]);
        let error = client(&server, LONG).encrypt(&key(KEY), &data_key, &context()).unwrap_err();
        assert_eq!(error.cause, KmsCause::Invalid(kept.to_owned()));
    }
}

#[test]
fn an_answer_with_another_key_or_length_is_not_believed() {
    let alias = "arn:aws:kms:eu-central-1:111122223333:alias/a";
    let long = [1; 6145];
    for (answer, problem) in [
        (generated(OTHER, &[7; 32], b"x"), "it is about another key"),
        (generated(alias, &[7; 32], b"x"), "it does not name its key"),
        (generated("1234abcd", &[7; 32], b"x"), "it does not name its key"),
        (generated(KEY, &[7; 31], b"x"), "the plaintext has another length than it must have"),
        (generated(KEY, &[7; 33], b"x"), "the plaintext has another length than it must have"),
        (generated(KEY, b"", b"x"), "the plaintext has another length than it must have"),
        (generated(KEY, &[7; 32], b""), "the wrapped data key has a length that none has"),
        (generated(KEY, &[7; 32], &long), "the wrapped data key has a length that none has"),
        ("{}".to_owned(), "the plaintext has another length than it must have"),
    ] {
        assert_eq!(cause_of([Reply::ok(&answer)]), KmsCause::BadAnswer(problem), "{answer}");
    }
    for plaintext in [vec![], vec![1; 4097]] {
        let answer = generated(KEY, &plaintext, b"");
        let problem = "the plaintext has another length than it must have";
        assert_eq!(cause_of_decrypt(Reply::ok(&answer)), KmsCause::BadAnswer(problem));
    }
    let mut answer: Value = serde_json::from_str(&generated(KEY, &[7; 32], b"x")).unwrap();
    answer["KeyMaterialId"] = json!("\u{1b}[2J");
    let problem = KmsCause::BadAnswer("the id of the key material is none");
    assert_eq!(cause_of([Reply::ok(&answer.to_string())]), problem);
}

#[test]
fn what_is_no_answer_of_kms_is_not_believed() {
    let not_kms = KmsCause::BadAnswer("it is not what AWS KMS answers");
    for body in ["", "x", "[]", "{\"KeyId\": 1}", "{\"Plaintext\": \"***\"}", "{\"KeyId\": \"a"] {
        let cause = cause_of([Reply::ok(body)]);
        assert!(matches!(cause, KmsCause::BadAnswer(_)), "{body}: {cause:?}");
    }
    assert_eq!(cause_of([Reply::ok("x")]), not_kms);
    let page = |status| Reply::Body(status, b"<html>Log in here</html>".to_vec());
    assert!(matches!(cause_of([page(302)]), KmsCause::BadAnswer(_)));
    assert!(matches!(cause_of([page(403)]), KmsCause::BadAnswer(_)));
    assert_eq!(cause_of([page(502)]), KmsCause::Internal);
    let endless = KmsCause::BadAnswer("it is longer than any of AWS KMS");
    assert_eq!(cause_of([Reply::Endless(b' ')]), endless);
    assert_eq!(cause_of([Reply::Body(200, vec![b' '; 1 << 20])]), endless);
}

#[test]
fn a_server_that_recovers_is_asked_again() {
    let well = || Reply::ok(&generated(KEY, &[7; 32], b"blob"));
    let failed = || Reply::error(500, "KMSInternalException", "");
    let throttled = || Reply::error(400, "ThrottlingException", "Rate exceeded");
    let busy = || Reply::Body(429, b"{}".to_vec());
    for (replies, throttles) in [
        (vec![failed(), failed(), well()], 0),
        (vec![throttled(), well()], 1),
        (vec![busy(), well()], 1),
        (vec![Reply::Close, well()], 0),
        (vec![Reply::Half, well()], 0),
    ] {
        let sent = replies.len();
        let server = Server::start(replies);
        let calls = Arc::<KmsCalls>::default();
        let settings =
            ClientSettings { timeout: LONG, calls: Arc::clone(&calls), ..Default::default() };
        let source = source(&server.url, credentials(), None);
        let kms = SdkClient::new(settings, source);
        let (data_key, _) = kms.generate_data_key(&key(KEY), 32, &context()).unwrap();
        assert_eq!(data_key.expose(), [7; 32]);
        assert_eq!(
            (server.requests().len(), calls.made(), calls.throttled()),
            (sent, 1, throttles)
        );
    }
}

#[test]
fn what_does_not_recover_is_given_up() {
    assert!(matches!(cause_of([Reply::Half]), KmsCause::Unreachable(_)));
    assert!(matches!(cause_of([Reply::Close]), KmsCause::Unreachable(_)));
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = source(&format!("http://{free}"), credentials(), None);
    let closed = SdkClient::new(ClientSettings::default(), source);
    let error = closed.decrypt(None, b"x", &context()).unwrap_err();
    assert_eq!(error.cause, KmsCause::NoRegion);
    let error = closed.decrypt(Some(&key(KEY)), b"x", &context()).unwrap_err();
    let KmsCause::Unreachable(text) = error.cause else { panic!("{error}") };
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn an_endpoint_that_is_no_url_is_said() {
    let source = source("nonsense", credentials(), None);
    let kms = SdkClient::new(ClientSettings::default(), source);
    let error = kms.decrypt(Some(&key(KEY)), b"x", &context()).unwrap_err();
    assert!(matches!(error.cause, KmsCause::Setup(_)), "{:?}", error.cause);
}

#[test]
fn a_call_ends_with_its_timeout_and_says_what_took_the_time() {
    let second = Duration::from_secs(1);
    let server = Server::start([Reply::Nothing]);
    let error = client(&server, second).generate_data_key(&key(KEY), 32, &context()).unwrap_err();
    assert_eq!(error.cause, KmsCause::TimedOut { seconds: 1 });

    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    let server = Server::start([throttled]);
    let error = client(&server, second).generate_data_key(&key(KEY), 32, &context()).unwrap_err();
    assert_eq!(error.cause, KmsCause::Throttled);
}

/// Why a call fails that gets its credentials from a virtual machine's metadata service which answers so.
fn cause_without_credentials(metadata: Reply) -> KmsCause {
    let metadata = Server::start([metadata]);
    let imds = imds::Client::builder().endpoint(&metadata.url).unwrap().build();
    let provider = ImdsCredentialsProvider::builder().imds_client(imds).build();
    let server = Server::start([Reply::ok("{}")]);
    let settings = ClientSettings { timeout: Duration::from_secs(1), ..Default::default() };
    let source = source(&server.url, SharedCredentialsProvider::new(provider), None);
    let kms = SdkClient::new(settings, source);
    let error = kms.generate_data_key(&key(KEY), 32, &context()).unwrap_err();
    assert_eq!(server.requests().len(), 0);
    error.cause
}

#[test]
fn missing_credentials_are_named_whether_that_is_said_or_only_takes_time() {
    assert_eq!(cause_without_credentials(Reply::Nothing), KmsCause::NoCredentials);
    assert_eq!(cause_without_credentials(Reply::Body(404, Vec::new())), KmsCause::NoCredentials);
}

/// A source that has nothing but a session which is over.
#[derive(Debug)]
struct Expired;

impl ProvideCredentials for Expired {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = CredentialsError::provider_error("The SSO session has expired");
        future::ProvideCredentials::ready(Err(error))
    }
}

#[test]
fn credentials_that_their_source_says_have_expired_are_named() {
    let server = Server::start([Reply::ok("{}")]);
    let source = source(&server.url, SharedCredentialsProvider::new(Expired), None);
    let kms = SdkClient::new(ClientSettings::default(), source);
    let error = kms.decrypt(Some(&key(KEY)), b"x", &context()).unwrap_err();
    assert_eq!(error.cause, KmsCause::ExpiredCredentials);
}

#[test]
fn a_key_without_region_is_asked_for_in_the_configured_one() {
    let server = Server::start([Reply::ok(&generated(KEY, &[7; 32], b"x"))]);
    let source = source(&server.url, credentials(), Some(Region::new("eu-west-3")));
    let kms = SdkClient::new(ClientSettings::default(), source);
    kms.generate_data_key(&key("aws-kms:alias/backup"), 32, &context()).unwrap();
    assert!(server.requests()[0].contains("/eu-west-3/kms/aws4_request"));
    kms.generate_data_key(&key(KEY), 32, &context()).unwrap();
    assert!(server.requests()[1].contains("/eu-central-1/kms/aws4_request"));
}

/// Makes as many calls at once, and returns how they end.
fn calls_at_once(kms: &SdkClient, number: usize) -> Vec<Result<(), KmsError>> {
    thread::scope(|scope| {
        let call = || kms.generate_data_key(&key(KEY), 32, &context()).map(drop);
        let calls: Vec<_> = (0..number).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

#[test]
fn as_many_calls_are_in_flight_as_are_allowed_and_no_more() {
    let answer = generated(KEY, &[7; 32], b"x");
    for (allowed, callers) in [(8, 8), (2, 6), (1, 3)] {
        // Answers only when as many as are allowed have come.
        let all = Arc::new(Barrier::new(allowed));
        let server = Server::start([Reply::Together(all, answer.clone().into())]);
        let concurrency = NonZeroUsize::new(allowed).unwrap();
        let settings = ClientSettings { timeout: LONG, concurrency, ..Default::default() };
        let source = source(&server.url, credentials(), None);
        let kms = SdkClient::new(settings, source);
        for call in calls_at_once(&kms, callers) {
            call.unwrap();
        }
        assert_eq!(server.most_in_flight(), allowed);
    }
}

#[test]
fn a_thread_with_a_runtime_of_its_own_can_call() {
    let server = Server::start([Reply::ok(&generated(KEY, &[7; 32], b"x"))]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let kms = client(&server, LONG);
        kms.generate_data_key(&key(KEY), 32, &context()).unwrap();
        drop(kms);
    });
}

/// JSON that is about what an answer is.
fn answers() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just(json!(KEY)),
        Just(json!(OTHER)),
        any::<String>().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(|it| json!(BASE64_STANDARD.encode(it))),
        Just(json!(BASE64_STANDARD.encode([7; 32]))),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({ "a": [] })),
    ];
    let name = prop::sample::select(vec!["KeyId", "Plaintext", "CiphertextBlob", "__type", "x"]);
    let object = prop::collection::btree_map(name, text, 0..6).prop_map(|it| json!(it).to_string());
    prop_oneof![4 => object, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_answered_only_what_was_asked_for_is_believed(
        answers in prop::collection::vec(answers(), 1..16),
        status in prop_oneof![4 => Just(200u16), 1 => prop::sample::select(vec![400, 403, 404])],
    ) {
        let count = answers.len();
        let server = Server::start(
            answers.into_iter().map(|answer| Reply::Body(status, answer.into_bytes())),
        );
        let kms = client(&server, LONG);
        for _ in 0..count {
            if let Ok((data_key, blob)) = kms.generate_data_key(&key(KEY), 32, &context()) {
                prop_assert_eq!((data_key.len(), blob.key.as_str()), (32, KEY));
                prop_assert!((1..=6144).contains(&blob.blob.len()) && status == 200);
            }
            if let Ok(opened) = kms.decrypt(Some(&key(KEY)), b"x", &context()) {
                prop_assert_eq!(opened.key.as_str(), KEY);
                prop_assert!((1..=4096).contains(&opened.data_key.len()));
            }
        }
    }
}

#[test]
fn messages_cannot_have_a_client_made_for_each_of_very_many_regions() {
    let regions = Regions::new(source("http://127.0.0.1:9", credentials(), None));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let client = |number: u32| runtime.block_on(regions.client(Some(format!("r-{number}"))));
    assert!((0..64).all(|number| client(number).is_ok()));
    assert!(matches!(client(64), Err(KmsCause::Setup(text)) if text.contains("more than 64")));
    assert!(client(0).is_ok(), "the ones that were made are there still");
}
