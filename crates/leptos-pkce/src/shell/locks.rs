//! Web Locks, whose bindings in web-sys sit behind a flag that a library cannot set.

use super::js::{method, property, set};
use js_sys::{Function, Object, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A lock that is wanted or held; it goes when this is dropped.
pub(crate) struct Lock {
    abort: Option<web_sys::AbortController>,
    release: Rc<RefCell<Option<Function>>>,
    _granted: Option<Closure<dyn FnMut() -> Promise>>,
}

impl Lock {
    /// Asks for a lock and calls back when it is held. Returns `None` where the browser has no Web
    /// Locks; then nothing is called.
    pub(crate) fn request(name: &str, on_held: impl FnOnce() + 'static) -> Option<Self> {
        let navigator = JsValue::from(web_sys::window()?.navigator());
        let locks = property(&navigator, "locks")?;
        let request = method(&locks, "request")?;
        let controller = web_sys::AbortController::new().ok()?;
        let release = Rc::new(RefCell::new(None));
        let granted = {
            let release = Rc::clone(&release);
            let mut on_held = Some(on_held);
            Closure::<dyn FnMut() -> Promise>::new(move || {
                // The lock is held until this promise is kept.
                let until = Promise::new(&mut |resolve, _| {
                    release.replace(Some(resolve));
                });
                if let Some(on_held) = on_held.take() {
                    on_held();
                }
                until
            })
        };
        let options = Object::new();
        set(&options, "signal", &controller.signal());
        let asked = request.call3(&locks, &name.into(), &options, granted.as_ref()).ok()?;
        // An aborted wait rejects; that is no news.
        let quiet = Closure::<dyn FnMut(JsValue)>::new(|_| ());
        if let Ok(promise) = asked.dyn_into::<Promise>() {
            let _ = promise.catch(&quiet);
        }
        quiet.forget();
        Some(Self { abort: Some(controller), release, _granted: Some(granted) })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        match self.release.take() {
            Some(release) => {
                let _ = release.call0(&JsValue::UNDEFINED);
            }
            None => {
                if let Some(abort) = self.abort.take() {
                    abort.abort();
                }
            }
        }
    }
}
