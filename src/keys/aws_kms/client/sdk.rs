//! The operations of AWS KMS, asked by the AWS SDK for Rust.
//!
//! What the SDK keeps of a request cannot be wiped: of Encrypt, the only one that sends a secret, its copy of the
//! plaintext, the JSON with it in base64, and TLS's buffers.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::KeyAgreementAlgorithmSpec;

use super::calls::KmsCalls;
use super::regions::{Regions, Source};
use super::watch::{Progress, Watch};
use super::worker::Worker;
use super::{ClientSettings, answers, causes};
use crate::crypto::der;
use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keys::aws_kms::api::{
    KmsApi, KmsBlob, KmsCause, KmsError, KmsKeyName, KmsOpened, KmsRewrapped, MOST_PLAINTEXT_BYTES,
};
use crate::message::context::EncryptionContext;

/// AWS KMS behind the network.
pub(super) struct SdkClient {
    timeout: Duration,
    calls: Arc<KmsCalls>,
    regions: Arc<Regions>,
    worker: Worker,
}

impl SdkClient {
    pub(super) fn new(settings: ClientSettings, source: Source) -> Self {
        Self {
            timeout: settings.timeout,
            calls: settings.calls,
            regions: Arc::new(Regions::new(source)),
            worker: Worker::new(settings.concurrency),
        }
    }

    /// Asks, waits, and returns what `believe` makes of the answer.
    fn call<Answer, Believed, Refusal, Asking>(
        &self,
        action: &'static str,
        key: Option<&KmsKeyName>,
        ask: impl FnOnce(Client, Watch<Refusal>) -> Asking + Send + 'static,
        believe: impl FnOnce(Answer) -> Result<Believed, KmsCause> + Send + 'static,
    ) -> Result<Believed, KmsError>
    where
        Answer: Send,
        Believed: Send + 'static,
        Refusal: ProvideErrorMetadata + Error + Send + Sync + 'static,
        Asking: Future<Output = Result<Answer, SdkError<Refusal, HttpResponse>>> + Send,
    {
        let region = key.and_then(KmsKeyName::region).map(str::to_owned);
        let (timeout, regions) = (self.timeout, Arc::clone(&self.regions));
        let progress = Arc::new(Progress::default());
        let watch = Watch::new(Arc::clone(&progress), Arc::clone(&self.calls));
        let work = async move {
            // The SDK's own timeout does not cover the configuration, and does not say what took the time.
            let asked = async {
                let client = regions.client(region).await?;
                progress.is_configured();
                let answer = ask(client, watch).await;
                believe(answer.map_err(|error| causes::of(&error, &progress))?)
            };
            let in_time = tokio::time::timeout(timeout, asked).await;
            in_time.unwrap_or_else(|_| Err(progress.cause_of_timeout(timeout)))
        };
        let error = |cause| KmsError::new(action, key, cause);
        self.worker.run(work).map_err(error)
    }
}

fn pairs(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    // AWS KMS takes an empty context for none, and some stand-ins do not.
    (!context.is_empty()).then(|| context.iter().map(owned).collect())
}

impl KmsApi for SdkClient {
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError> {
        let (asked, bytes, context) = (key.clone(), i32::try_from(len).ok(), pairs(context));
        let id = key.key_id().to_owned();
        let ask = move |client: Client, watch| async move {
            let request = client.generate_data_key().key_id(id).set_number_of_bytes(bytes);
            request.set_encryption_context(context).customize().interceptor(watch).send().await
        };
        self.call("GenerateDataKey", Some(key), ask, move |answer| {
            let data_key = DataKey::new(answers::secret_of(answer.plaintext, len..=len)?);
            let (key_id, material) = (answer.key_id.as_deref(), answer.key_material_id);
            Ok((data_key, answers::blob_of(&asked, key_id, answer.ciphertext_blob, material)?))
        })
    }

    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        let (asked, bytes, context) = (key.clone(), i32::try_from(len).ok(), pairs(context));
        let id = key.key_id().to_owned();
        let ask = move |client: Client, watch| async move {
            let request = client.generate_data_key_without_plaintext().key_id(id);
            let request = request.set_number_of_bytes(bytes).set_encryption_context(context);
            request.customize().interceptor(watch).send().await
        };
        self.call("GenerateDataKeyWithoutPlaintext", Some(key), ask, move |answer| {
            let (key_id, material) = (answer.key_id.as_deref(), answer.key_material_id);
            answers::blob_of(&asked, key_id, answer.ciphertext_blob, material)
        })
    }

    fn encrypt(
        &self,
        key: &KmsKeyName,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        let (asked, context) = (key.clone(), pairs(context));
        let (id, plaintext) = (key.key_id().to_owned(), Blob::new(data_key.expose()));
        let ask = move |client: Client, watch| async move {
            let request = client.encrypt().key_id(id).plaintext(plaintext);
            request.set_encryption_context(context).customize().interceptor(watch).send().await
        };
        let wrapped = self.call("Encrypt", Some(key), ask, move |answer| {
            answers::blob_of(&asked, answer.key_id.as_deref(), answer.ciphertext_blob, None)
        });
        // What is not AWS KMS may repeat the request in its words, with the data key. Only the code before them is kept, if
        // it is letters alone as every code is: 32 bytes in base64 end with `=`.
        wrapped.map_err(|mut error| {
            if let KmsCause::Invalid(words) = &mut error.cause {
                let code = words.split(':').next().unwrap_or_default();
                let is_code = code.bytes().all(|it| it.is_ascii_alphabetic());
                *words = if is_code { code } else { "in words that are not shown" }.to_owned();
            }
            error
        })
    }

    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError> {
        let (asked, blob, context) = (key.cloned(), Blob::new(blob), pairs(context));
        let id = key.map(|key| key.key_id().to_owned());
        let ask = move |client: Client, watch| async move {
            let request = client.decrypt().set_key_id(id).ciphertext_blob(blob);
            request.set_encryption_context(context).customize().interceptor(watch).send().await
        };
        self.call("Decrypt", key, ask, move |answer| {
            let data_key = answers::secret_of(answer.plaintext, 1..=MOST_PLAINTEXT_BYTES)?;
            Ok(KmsOpened {
                key: answers::key_of(asked.as_ref(), answer.key_id.as_deref())?,
                data_key: DataKey::new(data_key),
                material_id: answers::material_id_of(answer.key_material_id)?,
            })
        })
    }

    fn re_encrypt(
        &self,
        source: Option<&KmsKeyName>,
        blob: &[u8],
        source_context: &EncryptionContext,
        destination: &KmsKeyName,
        destination_context: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError> {
        let (asked, asked_source) = (destination.clone(), source.cloned());
        let (blob, contexts) = (Blob::new(blob), [source_context, destination_context].map(pairs));
        let id = destination.key_id().to_owned();
        let source_id = source.map(|key| key.key_id().to_owned());
        let ask = move |client: Client, watch| async move {
            let [source_context, destination_context] = contexts;
            let request = client.re_encrypt().set_source_key_id(source_id).ciphertext_blob(blob);
            let request = request.set_source_encryption_context(source_context);
            let request = request.destination_key_id(id);
            let request = request.set_destination_encryption_context(destination_context);
            request.customize().interceptor(watch).send().await
        };
        self.call("ReEncrypt", Some(destination), ask, move |answer| {
            let source = answer.source_key_id.as_deref();
            let (key_id, material) = (answer.key_id.as_deref(), answer.destination_key_material_id);
            Ok(KmsRewrapped {
                source: answers::key_of(asked_source.as_ref(), source)?,
                wrapped: answers::blob_of(&asked, key_id, answer.ciphertext_blob, material)?,
            })
        })
    }

    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        sender: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError> {
        let (asked, len) = (key.clone(), sender.curve().scalar_len());
        let (id, sender) = (key.key_id().to_owned(), der::write_spki(sender).map(Blob::new));
        let ask = move |client: Client, watch| async move {
            let request = client.derive_shared_secret().key_id(id).set_public_key(sender);
            let request = request.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh);
            request.customize().interceptor(watch).send().await
        };
        self.call("DeriveSharedSecret", Some(key), ask, move |answer| {
            let secret = answers::secret_of(answer.shared_secret, len..=len)?;
            answers::key_of(Some(&asked), answer.key_id.as_deref())?;
            Ok(secret)
        })
    }
}
