//! demo-provider
