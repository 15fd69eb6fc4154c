// Added to the app's page by the journeys, before all else on it. It watches what a page can't be
// asked for afterwards, and changes nothing: violations of the Content Security Policy, errors,
// what went to the console, where the page led, and the secrets that went over the network (to
// look for them where they must not be). It keeps its notes over page loads in localStorage,
// under names of its own.
(() => {
  "use strict";
  const add = (name, values) => {
    const notes = JSON.parse(localStorage.getItem(name) ?? "[]");
    for (const value of values) if (!notes.includes(value)) notes.push(value);
    localStorage.setItem(name, JSON.stringify(notes));
  };
  const trouble = (text) => add("e2e.trouble", [text]);
  const secrets = (parameters, names) =>
    add(
      "e2e.secrets",
      names
        .filter((name) => typeof parameters[name] === "string" && parameters[name].length >= 8)
        .map((name) => `${name} ${parameters[name]}`),
    );
  const form = (text) => Object.fromEntries(new URLSearchParams(text));

  addEventListener("securitypolicyviolation", (event) =>
    trouble(
      `policy: ${event.effectiveDirective} blocked ${event.blockedURI} ` +
        `at ${event.sourceFile}:${event.lineNumber} ${event.sample}`,
    ),
  );
  addEventListener("error", (event) => trouble(`error: ${event.message}`));
  addEventListener("unhandledrejection", (event) => trouble(`rejection: ${event.reason}`));

  for (const level of ["debug", "info", "log", "warn", "error"]) {
    const original = console[level];
    console[level] = (...values) => {
      const text = `${level}: ${values.map(String).join(" ")}`;
      add("e2e.console", [text]);
      if (/panicked at|RuntimeError/.test(text)) trouble(text);
      original.apply(console, values);
    };
  }

  add("e2e.arrivals", [location.href]);
  secrets(form(location.search), ["code"]);
  window.navigation?.addEventListener("navigate", (event) => {
    add("e2e.departures", [event.destination.url]);
    const kept = Object.values(sessionStorage).join(" ");
    const known = JSON.parse(localStorage.getItem("e2e.secrets") ?? "[]").map((note) => note.split(" "));
    add(
      "e2e.taken_along",
      known
        .filter(([, value]) => kept.includes(value))
        .map(([name]) => `${name} to ${event.destination.url.split("?")[0]}`),
    );
  });

  // Requests go out exactly as the app made them: copying one would change how it is sent.
  const sent = (options) => {
    if (typeof options?.body === "string" || options?.body instanceof URLSearchParams) {
      const names = ["code", "code_verifier", "refresh_token", "token"];
      secrets(form(options.body.toString()), names);
    }
  };
  window.Request = new Proxy(Request, {
    construct(target, parameters) {
      sent(parameters[1]);
      return Reflect.construct(target, parameters);
    },
  });
  const fetch = window.fetch;
  window.fetch = async function (...parameters) {
    sent(parameters[1]);
    const response = await fetch.apply(this, parameters);
    response
      .clone()
      .json()
      .then(
        (answer) => secrets(answer ?? {}, ["access_token", "refresh_token", "id_token"]),
        () => {},
      );
    return response;
  };
})();
