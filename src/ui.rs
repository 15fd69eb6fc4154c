//! Elements of one type.
//!
//! Leptos' own builders give each combination of element, attributes and children a type, and each
//! type code of its own, which in a page of many small parts outweighs what the page does. Here
//! every element is an [`El`], and everything that changes is boxed: 34 KB of brotli less for the
//! same pages. Nothing of it goes through `innerHTML`.

use leptos::attr::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::attr::custom::custom_attribute;
use leptos::ev::{self, EventDescriptor};
use leptos::html::custom;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;
use std::borrow::Cow;

/// An element under construction.
pub(crate) struct El {
    tag: &'static str,
    attributes: Vec<AnyAttribute>,
    children: Vec<AnyView>,
}

macro_rules! tags {
    ($($tag:ident)+) => {
        $(
            #[doc = concat!("`<", stringify!($tag), ">`")]
            pub(crate) fn $tag() -> El {
                El { tag: stringify!($tag), attributes: Vec::new(), children: Vec::new() }
            }
        )+
    };
}

tags! {
    a article button code dd details div dl dt footer form h1 h2 header input label li main nav ol p
    pre progress section span strong summary textarea ul
}

impl El {
    /// Sets the `class` attribute.
    pub(crate) fn class(self, class: &'static str) -> Self {
        self.attr("class", class)
    }

    /// Sets an attribute, to a fixed text or to what a function gives; `None` takes it away.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Value) -> Self {
        self.attributes.push(match value.into_text() {
            Text::Fixed(text) => custom_attribute(name, text).into_any_attr(),
            Text::Changing(text) => custom_attribute(name, text).into_any_attr(),
        });
        self
    }

    /// Calls `react` on an event.
    pub(crate) fn on<E>(mut self, event: E, react: impl FnMut(E::EventType) + 'static) -> Self
    where
        E: EventDescriptor + Clone + Send + 'static,
        E::EventType: From<JsValue> + 'static,
    {
        let react: Box<dyn FnMut(E::EventType)> = Box::new(react);
        self.attributes.push(ev::on(event, react).into_any_attr());
        self
    }

    /// Adds what is inside.
    pub(crate) fn child(mut self, parts: impl Parts) -> Self {
        parts.add_to(&mut self.children);
        self
    }

    /// The element as a view.
    pub(crate) fn into_any(self) -> AnyView {
        custom(self.tag)
            .add_any_attr(self.attributes)
            .child(self.children)
            .into_any()
    }
}

/// The value of an attribute.
pub(crate) enum Text {
    Fixed(Cow<'static, str>),
    Changing(Box<dyn Fn() -> Option<Cow<'static, str>> + Send>),
}

/// What an attribute can be set to.
pub(crate) trait Value {
    fn into_text(self) -> Text;
}

impl Value for &'static str {
    fn into_text(self) -> Text {
        Text::Fixed(self.into())
    }
}

impl Value for String {
    fn into_text(self) -> Text {
        Text::Fixed(self.into())
    }
}

impl<F, T> Value for F
where
    F: Fn() -> T + Send + 'static,
    T: MaybeText,
{
    fn into_text(self) -> Text {
        Text::Changing(Box::new(move || self().maybe_text()))
    }
}

/// What a function may give for an attribute.
pub(crate) trait MaybeText {
    fn maybe_text(self) -> Option<Cow<'static, str>>;
}

impl MaybeText for &'static str {
    fn maybe_text(self) -> Option<Cow<'static, str>> {
        Some(self.into())
    }
}

impl MaybeText for String {
    fn maybe_text(self) -> Option<Cow<'static, str>> {
        Some(self.into())
    }
}

impl MaybeText for Option<&'static str> {
    fn maybe_text(self) -> Option<Cow<'static, str>> {
        self.map(Into::into)
    }
}

/// What can be inside of an element: text, elements, several of them, none, or what a function
/// gives, which is drawn anew when what it read changes.
pub(crate) trait Parts {
    fn add_to(self, parts: &mut Vec<AnyView>);
}

/// Parts as one view.
pub(crate) fn view(parts: impl Parts) -> AnyView {
    let mut views = Vec::new();
    parts.add_to(&mut views);
    match <[AnyView; 1]>::try_from(views) {
        Ok([one]) => one,
        Err(views) => views.into_any(),
    }
}

fn changing(draw: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    draw.into_any()
}

impl<F, P> Parts for F
where
    F: Fn() -> P + Send + 'static,
    P: Parts,
{
    fn add_to(self, parts: &mut Vec<AnyView>) {
        parts.push(changing(Box::new(move || view(self()))));
    }
}

impl Parts for El {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        parts.push(self.into_any());
    }
}

impl Parts for AnyView {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        parts.push(self);
    }
}

impl Parts for String {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        parts.push(self.into_any());
    }
}

impl Parts for &'static str {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        parts.push(self.into_any());
    }
}

impl<P: Parts> Parts for Option<P> {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        if let Some(part) = self {
            part.add_to(parts);
        }
    }
}

impl<P: Parts> Parts for Vec<P> {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        for part in self {
            part.add_to(parts);
        }
    }
}

impl<P: Parts, const N: usize> Parts for [P; N] {
    fn add_to(self, parts: &mut Vec<AnyView>) {
        for part in self {
            part.add_to(parts);
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))+) => {
        $(
            impl<$($name: Parts),*> Parts for ($($name,)*) {
                #[allow(non_snake_case, unused_variables)]
                fn add_to(self, parts: &mut Vec<AnyView>) {
                    let ($($name,)*) = self;
                    $($name.add_to(parts);)*
                }
            }
        )+
    };
}

tuples! { () (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) }
