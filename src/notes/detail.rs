//! One note: read, changed, deleted.

use super::api::{self, Draft, Note};
use super::form::note_form;
use super::list::absent_page;
use super::{Load, notice};
use crate::failure::Failure;
use crate::format;
use crate::page::{focus_later, heading, use_title};
use crate::router::{News, Route, link, use_router};
use crate::site::use_site;
use crate::text::use_texts;
use crate::ui::{El, Parts, article, button, div, p, span, view};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_pkce::{use_language, use_session};

/// What is being done with the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Reading,
    Editing,
    /// The user is asked whether it may go.
    Deleting,
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
    mode: RwSignal<Mode>,
    is_busy: RwSignal<bool>,
    /// What did not work, and how it is tried again.
    failed: RwSignal<Option<(Failure, Retry)>>,
    update: Callback<Draft>,
    delete: Callback<()>,
}

#[derive(Clone, PartialEq)]
enum Retry {
    Update(Draft),
    Delete,
}

pub(crate) fn page(id: String) -> AnyView {
    let texts = use_texts();
    let Some(base) = use_site().notes_api else {
        return absent_page();
    };
    let session = use_session();
    let note = RwSignal::new(Load::Running);
    let load = Callback::new({
        let (base, id) = (base.clone(), id.clone());
        move |()| {
            note.set(Load::Running);
            let (session, base, id) = (session.get_untracked(), base.clone(), id.clone());
            spawn_local(async move {
                let came = api::read(session, &base, &id).await;
                let _ = note.try_set(came.map_or_else(Load::Failed, Load::Done));
            });
        }
    });
    load.run(());
    let desk = desk(note, base, id);
    let title = Memo::new(move |_| match (desk.mode.get(), note.get()) {
        (Mode::Reading | Mode::Deleting, Load::Done(note)) => Some(note.title),
        _ => None,
    });
    let shown_title = move || {
        title
            .get()
            .unwrap_or_else(|| texts.get().note_title.to_owned())
    };
    use_title(shown_title);
    // Not the name of the note while that is being typed.
    let has_title = Memo::new(move |_| title.get().is_some());
    let title_line = heading(
        span()
            .attr("data-testid", move || {
                has_title.get().then_some("note-title")
            })
            .child(shown_title),
    );
    let shown = move || match note.get() {
        Load::Running => p().class("quiet").child(texts.show(|t| t.note_loading)),
        Load::Failed(failure) => notice(failure, load),
        Load::Done(note) => read_note(note, desk),
    };
    view((
        p().class("back")
            .child(link(Route::Notes, texts.show(|t| t.to_notes))),
        title_line,
        shown,
    ))
}

/// Makes what changes and deletes the note.
fn desk(note: RwSignal<Load<Note>>, base: String, id: String) -> Desk {
    let session = use_session();
    let (router, news) = (use_router(), use_context::<News>());
    let mode = RwSignal::new(Mode::Reading);
    let is_busy = RwSignal::new(false);
    let failed = RwSignal::new(None);
    let tell = move |text| {
        if let Some(news) = news {
            news.tell(text);
        }
    };
    let begin = move || {
        is_busy.set(true);
        failed.set(None);
        if let Some(news) = news {
            news.forget();
        }
    };
    let update = Callback::new({
        let (base, id) = (base.clone(), id.clone());
        move |draft: Draft| {
            begin();
            let (session, base, id) = (session.get_untracked(), base.clone(), id.clone());
            spawn_local(async move {
                let came = api::update(session, &base, &id, draft.clone()).await;
                // The page may be gone by now.
                if is_busy.try_set(false).is_some() {
                    return;
                }
                match came {
                    Ok(changed) => {
                        note.set(Load::Done(changed));
                        mode.set(Mode::Reading);
                        tell(|t| t.note_saved);
                        focus_later("main h1");
                    }
                    Err(failure) => failed.set(Some((failure, Retry::Update(draft)))),
                }
            });
        }
    });
    let delete = Callback::new(move |()| {
        begin();
        let (session, base, id) = (session.get_untracked(), base.clone(), id.clone());
        spawn_local(async move {
            let came = api::delete(session, &base, &id).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match came {
                Ok(()) => {
                    if let Some(router) = router {
                        router.go(Route::Notes);
                    }
                    tell(|t| t.note_deleted);
                }
                Err(failure) => failed.set(Some((failure, Retry::Delete))),
            }
        });
    });
    Desk {
        mode,
        is_busy,
        failed,
        update,
        delete,
    }
}

fn read_note(note: Note, desk: Desk) -> El {
    let retry = Callback::new(move |()| match desk.failed.get_untracked() {
        Some((_, Retry::Update(draft))) => desk.update.run(draft),
        Some((_, Retry::Delete)) => desk.delete.run(()),
        None => {}
    });
    let problem = move || desk.failed.get().map(|(failure, _)| notice(failure, retry));
    let body = move || match desk.mode.get() {
        Mode::Editing => {
            let draft = Draft {
                title: note.title.clone(),
                text: note.text.clone(),
            };
            let cancel = Callback::new(move |()| leave(desk, ".note-edit"));
            note_form(draft, desk.is_busy, desk.update, cancel).into_any()
        }
        Mode::Reading => view((text(&note), buttons(desk))),
        Mode::Deleting => view((text(&note), question(desk))),
    };
    article()
        .class("card note-page")
        .child((div().child(problem), body))
}

/// Goes back to reading, with the focus on the button that one came from.
fn leave(desk: Desk, button: &'static str) {
    desk.failed.set(None);
    desk.mode.set(Mode::Reading);
    focus_later(button);
}

fn text(note: &Note) -> impl Parts {
    let texts = use_texts();
    let language = use_language();
    let changed = note.updated_at.map(|at| {
        p().class("note-changed")
            .child(move || texts.fill(|t| t.note_changed, &format::date_time(at, language.get())))
    });
    let text = if note.text.is_empty() {
        p().class("quiet")
            .child(texts.show(|t| t.note_without_text))
    } else {
        p().class("note-body")
            .attr("data-testid", "note-body")
            .child(note.text.clone())
    };
    (text, changed)
}

fn buttons(desk: Desk) -> El {
    let texts = use_texts();
    div().class("actions").child((
        button()
            .attr("type", "button")
            .class("note-edit")
            .attr("data-testid", "note-edit")
            .on(ev::click, move |_| desk.mode.set(Mode::Editing))
            .child(texts.show(|t| t.note_edit)),
        button()
            .attr("type", "button")
            .class("note-delete")
            .attr("data-testid", "note-delete")
            .on(ev::click, move |_| {
                desk.mode.set(Mode::Deleting);
                focus_later(".note-keep");
            })
            .child(texts.show(|t| t.note_delete)),
    ))
}

fn question(desk: Desk) -> El {
    let texts = use_texts();
    div()
        .class("question")
        .attr("role", "group")
        .attr("aria-labelledby", "delete-question")
        .child((
            p().attr("id", "delete-question")
                .child(texts.show(|t| t.note_delete_question)),
            div().class("actions").child((
                button()
                    .attr("type", "button")
                    .class("danger")
                    .attr("data-testid", "note-delete-confirm")
                    .attr("aria-disabled", move || {
                        desk.is_busy.get().then_some("true")
                    })
                    .on(ev::click, move |_| {
                        if !desk.is_busy.get_untracked() {
                            desk.delete.run(());
                        }
                    })
                    .child(texts.show(|t| t.note_delete_confirm)),
                button()
                    .attr("type", "button")
                    .class("note-keep")
                    .on(ev::click, move |_| leave(desk, ".note-delete"))
                    .child(texts.show(|t| t.note_cancel)),
            )),
        ))
}
