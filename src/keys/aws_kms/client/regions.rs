//! Where the configuration comes from, and a client of the SDK for each region.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryPartition;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

use super::retries::{self, TooManyRequests};
use crate::keys::aws_kms::api::KmsCause;

/// How long a connection may take: the SDK's own limit. So a lost packet costs an attempt, and not the call.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// Where credentials, endpoint and the rest are looked for.
pub(super) enum Source {
    /// In the environment, profiles and what else there is, as every tool for AWS does.
    Environment,
    /// In what is given. Tests depend on no machine.
    #[cfg(any(test, fuzzing))]
    Given(Box<SdkConfig>),
}

/// More than AWS has today. With discovery, messages name the regions, and each takes memory.
const MOST_REGIONS: usize = 64;

/// The clients of the SDK, which are made as they are needed.
pub(super) struct Regions {
    source: Source,
    /// Read once: its cache of credentials serves all regions.
    config: OnceCell<SdkConfig>,
    /// The caller's region, for keys that are named without one. It is looked for again while there is none.
    own: OnceCell<Region>,
    /// By the name of the region. Not a hash map: the one of the standard library draws random numbers when it is made, and
    /// panics where the system has none to give.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Regions {
    pub(super) fn new(source: Source) -> Self {
        Self { source, config: OnceCell::new(), own: OnceCell::new(), clients: Mutex::default() }
    }

    /// The client for a region; for the caller's own where there is none.
    pub(super) async fn client(&self, region: Option<String>) -> Result<Client, KmsCause> {
        let region = match region {
            Some(region) => Region::new(region),
            None => self.own_region().await?,
        };
        let config = self.config.get_or_init(|| self.load(&region)).await;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_REGIONS && !clients.contains_key(region.as_ref()) {
            return Err(KmsCause::Setup(format!("more than {MOST_REGIONS} regions are asked for")));
        }
        let client = clients.entry(region.to_string()).or_insert_with(|| made(config, region));
        Ok(client.clone())
    }

    async fn own_region(&self) -> Result<Region, KmsCause> {
        let found = self.own.get_or_try_init(|| async {
            match &self.source {
                Source::Environment => DefaultRegionChain::builder().build().region().await,
                #[cfg(any(test, fuzzing))]
                Source::Given(config) => config.region().cloned(),
            }
            .ok_or(KmsCause::NoRegion)
        });
        found.await.cloned()
    }

    /// `region` is that of the key which is asked for first. Where no region is configured, it serves for what gives
    /// credentials too: the SDK would ask the metadata service of a virtual machine, and wait for seconds where there
    /// is none.
    async fn load(&self, region: &Region) -> SdkConfig {
        match &self.source {
            Source::Environment => {
                let configured =
                    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
                        .or_else(ProfileFileRegionProvider::new())
                        .or_else(region.clone());
                aws_config::defaults(BehaviorVersion::latest()).region(configured).load().await
            }
            #[cfg(any(test, fuzzing))]
            Source::Given(config) => SdkConfig::clone(config),
        }
    }
}

fn made(config: &SdkConfig, region: Region) -> Client {
    // A partition of its own. Else all clients of a process share one limiter of the rate.
    let partition = RetryPartition::custom(region.to_string()).build();
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let config = aws_sdk_kms::config::Builder::from(config)
        .region(region)
        .retry_config(retries::adaptive())
        .retry_classifier(TooManyRequests)
        .retry_partition(partition)
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}
