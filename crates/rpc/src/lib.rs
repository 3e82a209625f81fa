//! The gRPC interfaces of the services.

pub mod conversion;
pub mod proto;
