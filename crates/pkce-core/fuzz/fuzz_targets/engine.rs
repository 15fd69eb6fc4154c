#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pkce_core_fuzz::engine::run(data));
