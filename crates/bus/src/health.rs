//! How the bus is.

/// How the bus is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether the server is connected.
    pub is_connected: bool,
    /// Whether the streams are there, and as this program wants them.
    pub has_streams: bool,
    /// What is wrong, for people.
    pub problem: Option<String>,
    /// How often the server was connected.
    pub(crate) connections: u64,
}

impl Health {
    /// Whether work and events get through.
    pub fn is_healthy(&self) -> bool {
        self.is_connected && self.has_streams
    }
}
