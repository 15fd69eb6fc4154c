use super::Messages;

pub(super) const EN: Messages = Messages {
    name: "leptos-pkce",
    skip_to_content: "Skip to the content",
    navigation: "Pages",
    nav_home: "Home",
    nav_notes: "Notes",
    language: "Language",
    footer: "Tokens stay in this tab: no cookie holds them, and this app has no server that could see \
             them.",

    broken_title: "This app cannot start",
    unknown_title: "There is nothing here",
    unknown_advice: "No page of this app has this address. It may have been mistyped, or be out of \
                     date.",
    to_home: "To the home page",

    welcome_title: "Sign-in, all in your browser",
    welcome_lead: "This page signs you in with OAuth 2.0 and OpenID Connect, by the authorization \
                   code flow with PKCE, and then calls a protected API in your name. All of it \
                   happens in your browser, without a server of the app's own in between.",
    steps_title: "What happens when you sign in",
    steps: [
        (
            "You go to the provider.",
            "You enter your password there. This app never sees it.",
        ),
        (
            "You decide.",
            "The provider tells you what this app asks for, and you may refuse.",
        ),
        (
            "You come back with a one-time code.",
            "The app checks the answer and exchanges the code for tokens, which stay in this tab.",
        ),
        (
            "You see your profile and the API's answer.",
            "The access token is renewed by itself before it runs out.",
        ),
    ],
    notes_need_sign_in: "Sign in to see your notes",
    note_needs_sign_in: "Sign in to see this note",
    back_here_advice: "What is on this page belongs to somebody's account. Sign in, and you come \
                       straight back here.",

    hello: "Hello, {}",
    hello_lead: "You are signed in. This is what the app knows, and what it can do for you.",
    profile_title: "Who you are",
    profile_name: "Name",
    profile_email: "Email",
    profile_sub: "Identifier (sub)",
    profile_issuer: "Confirmed by",

    api_title: "The protected API",
    api_lead: "The answer of {} to your access token.",
    api_call: "Call again",
    api_calling: "Calling the API…",
    status: "Status {}",

    session_title: "Your session",
    time_left: "Access token runs out in",
    time_left_unknown: "The provider does not say when.",
    token_issued: "Received",
    token_lifetime: "Lifetime",
    token_lifetime_unknown: "not told",
    token_type: "Type",
    token_scopes: "Scopes",
    no_scopes: "none",
    signed_in_at: "Signed in",
    session_ends: "Ends by",
    tabs: "Tabs",
    tabs_alone: "only this one",
    tabs_family: "several, which renew and sign out together",
    tabs_limited: "this browser cannot let tabs agree: use one tab at a time",
    renewals: "Renewals",
    renewal_by_itself: "It is renewed by itself before it runs out.",
    renewal_impossible: "There is no refresh token, so it cannot be renewed: you will have to sign \
                         in again.",
    renewal_done: "Renewed at {}.",
    renewal_running: "Renewing…",
    renewal_retry: "The renewal did not work. It is tried again at {}.",
    renewal_offline: "There is no network. The renewal is tried at {}, or as soon as the network is back.",
    renewal_stopped: "The renewal has stopped.",
    refresh_now: "Renew now",

    try_again: "Try again",
    sign_in_again: "Sign in again",
    error_details: "Details",

    notes_title: "Your notes",
    notes_lead: "They are kept by the API, and only you can see them.",
    notes_absent_title: "There are no notes here",
    notes_absent_advice: "This app was set up without an API for notes.",
    notes_loading: "Fetching your notes…",
    notes_empty: "You have no notes yet.",
    note_title: "Note",
    note_loading: "Fetching the note…",
    note_new: "New note",
    note_edit: "Edit",
    note_delete: "Delete",
    note_delete_question: "Delete this note for good?",
    note_delete_confirm: "Yes, delete it",
    note_cancel: "Cancel",
    note_save: "Save",
    note_field_title: "Title",
    note_field_body: "Text",
    note_title_wanted: "Please give the note a title.",
    note_without_text: "This note has no text.",
    note_changed: "Changed {}",
    note_working: "One moment…",
    note_saved: "The note is saved.",
    note_deleted: "The note is deleted.",
    to_notes: "All notes",
    note_missing: (
        "You have no such note",
        "It may have been deleted, or it belongs to somebody else.",
    ),
    note_not_accepted: (
        "The note was not accepted",
        "A title may have up to 200 characters and a text up to 10,000. Shorten it and save again.",
    ),
    note_conflict: (
        "There is no room for another note",
        "Delete one that you no longer need, then save again.",
    ),
};
