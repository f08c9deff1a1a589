//! Many files in one run.

pub(crate) mod batch;
pub(crate) mod folders;
pub(crate) mod job;
mod links;
pub(crate) mod mirror;
pub(crate) mod name_list;
mod output_dir;
pub(crate) mod results;
pub(crate) mod selection;
pub(crate) mod skipped;
pub(crate) mod tree;
pub(crate) mod work;
