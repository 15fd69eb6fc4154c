//! All notes, and a new one.

use super::api::{self, Draft, Note};
use super::form::note_form;
use super::{Load, notice};
use crate::failure::Failure;
use crate::format;
use crate::page::{focus_later, heading, use_title};
use crate::router::{News, Route, link};
use crate::site::use_site;
use crate::text::use_texts;
use crate::ui::{El, Parts, button, div, li, p, section, span, ul, view};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_pkce::{use_language, use_session};

pub(crate) fn page() -> AnyView {
    let texts = use_texts();
    let Some(base) = use_site().notes_api else {
        return absent_page();
    };
    use_title(move || texts.get().notes_title.to_owned());
    let session = use_session();
    let notes = RwSignal::new(Load::Running);
    let load = Callback::new({
        let base = base.clone();
        move |()| {
            let (session, base) = (session.get_untracked(), base.clone());
            spawn_local(async move {
                let came = api::list(session, &base).await;
                let _ = notes.try_set(came.map_or_else(Load::Failed, Load::Done));
            });
        }
    });
    load.run(());
    let reload = Callback::new(move |()| {
        notes.set(Load::Running);
        load.run(());
    });
    let shown = move || match notes.get() {
        Load::Running => p().class("quiet").child(texts.show(|t| t.notes_loading)),
        Load::Failed(failure) => notice(failure, reload),
        Load::Done(notes) if notes.is_empty() => {
            p().class("quiet").child(texts.show(|t| t.notes_empty))
        }
        Load::Done(notes) => {
            let items: Vec<_> = notes.into_iter().map(item).collect();
            ul().class("note-list")
                .attr("data-testid", "note-list")
                .child(items)
        }
    };
    view((
        heading(texts.show(|t| t.notes_title)),
        p().class("lead").child(texts.show(|t| t.notes_lead)),
        new_note(base, load),
        shown,
    ))
}

/// The address of notes in an app that was set up without.
pub(super) fn absent_page() -> AnyView {
    let texts = use_texts();
    use_title(move || texts.get().notes_absent_title.to_owned());
    view((
        heading(texts.show(|t| t.notes_absent_title)),
        p().class("lead")
            .child(texts.show(|t| t.notes_absent_advice)),
        p().child(link(Route::Home, texts.show(|t| t.to_home)).class("button")),
    ))
}

fn item(note: Note) -> El {
    let texts = use_texts();
    let language = use_language();
    let changed = note.updated_at.map(|at| {
        span()
            .class("note-changed")
            .child(move || texts.fill(|t| t.note_changed, &format::date_time(at, language.get())))
    });
    let content = (
        span().class("note-item-title").child(note.title),
        span().class("note-item-text").child(note.text),
        changed,
    );
    li().child(link(Route::Note(note.id), content).attr("data-testid", "note-item"))
}

/// The button that opens a form, and the form.
fn new_note(base: String, on_saved: Callback<()>) -> impl Parts {
    let texts = use_texts();
    let session = use_session();
    let news = use_context::<News>();
    let is_open = RwSignal::new(false);
    let is_busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<(Failure, Draft)>);
    let close = Callback::new(move |()| {
        is_open.set(false);
        failed.set(None);
        focus_later(".note-new");
    });
    let save = Callback::new(move |draft: Draft| {
        is_busy.set(true);
        failed.set(None);
        let (session, base) = (session.get_untracked(), base.clone());
        spawn_local(async move {
            let came = api::create(session, &base, draft.clone()).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match came {
                Ok(_) => {
                    close.run(());
                    if let Some(news) = news {
                        news.tell(|t| t.note_saved);
                    }
                    on_saved.run(());
                }
                Err(failure) => failed.set(Some((failure, draft))),
            }
        });
    });
    let again = Callback::new(move |()| {
        if let Some((_, draft)) = failed.get_untracked() {
            save.run(draft);
        }
    });
    move || {
        if !is_open.get() {
            return button()
                .attr("type", "button")
                .class("note-new primary")
                .attr("data-testid", "note-new")
                .on(ev::click, move |_| {
                    if let Some(news) = news {
                        news.forget();
                    }
                    is_open.set(true);
                })
                .child(texts.show(|t| t.note_new));
        }
        section()
            .class("card note-page")
            .attr("aria-label", texts.show(|t| t.note_new))
            .child((
                div().child(move || failed.get().map(|(failure, _)| notice(failure, again))),
                note_form(Draft::default(), is_busy, save, close),
            ))
    }
}
