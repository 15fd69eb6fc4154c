//! Web Locks, whose bindings in web-sys sit behind a flag that a library cannot set.

use super::js::{error_name, method, property, set};
use js_sys::{Function, Object, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

fn manager() -> Option<JsValue> {
    property(&JsValue::from(web_sys::window()?.navigator()), "locks")
}

/// Whether the browser has Web Locks.
pub(crate) fn are_there() -> bool {
    manager().is_some_and(|locks| method(&locks, "request").is_some())
}

/// A lock that is wanted or held; it goes when this is dropped.
pub(crate) struct Lock {
    abort: Option<web_sys::AbortController>,
    release: Rc<RefCell<Option<Function>>>,
    _granted: Closure<dyn FnMut() -> Promise>,
}

impl Lock {
    /// Asks for a lock and calls back when it is held. Returns `None` where the browser has no Web
    /// Locks; then nothing is called.
    pub(crate) fn request(name: &str, on_held: impl FnOnce() + 'static) -> Option<Self> {
        let locks = manager()?;
        let request = method(&locks, "request")?;
        let controller = web_sys::AbortController::new().ok()?;
        let release = Rc::new(RefCell::new(None));
        let on_held = Rc::new(RefCell::new(Some(on_held)));
        let granted = {
            let (release, on_held) = (Rc::clone(&release), Rc::clone(&on_held));
            Closure::<dyn FnMut() -> Promise>::new(move || {
                // The lock is held until this promise is kept.
                let until = Promise::new(&mut |resolve, _| {
                    release.replace(Some(resolve));
                });
                let on_held = on_held.borrow_mut().take();
                if let Some(on_held) = on_held {
                    on_held();
                }
                until
            })
        };
        let options = Object::new();
        set(&options, "signal", &controller.signal());
        let asked = request
            .call3(&locks, &name.into(), &options, granted.as_ref())
            .ok()?;
        // An aborted wait rejects, which is no news. Where locks are refused altogether (an opaque
        // origin, blocked storage), the work goes on as where there are none.
        let refused = Closure::once_into_js(move |error: JsValue| {
            let on_held = on_held.borrow_mut().take();
            if let Some(on_held) = on_held.filter(|_| error_name(&error) != "AbortError") {
                on_held();
            }
        });
        if let Some(catch) = method(&asked, "catch") {
            let _ = catch.call1(&asked, &refused);
        }
        Some(Self {
            abort: Some(controller),
            release,
            _granted: granted,
        })
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
