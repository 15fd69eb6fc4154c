// Added to the app's page by the journeys, before all else on it. It watches what a page can't be
// asked for afterwards, and changes nothing: violations of the Content Security Policy, errors,
// what went to the console, where the page led, and the secrets that went over the network (to
// look for them where they must not be). It keeps its notes over page loads in localStorage,
// under names of its own: one of each kind for each page, since several tabs write at once.
(() => {
  "use strict";
  const local = (() => {
    try {
      return window.localStorage;
    } catch {
      return null;
    }
  })();
  const page = `${String(Date.now()).padStart(15, "0")}-${Math.random().toString(36).slice(2)}`;
  const written = {};
  // For the journeys, should the page be without local storage.
  Object.defineProperty(window, "e2e", { value: { local, written } });
  const add = (name, values) => {
    const notes = (written[name] ??= []);
    for (const value of values) if (!notes.includes(value)) notes.push(value);
    local?.setItem(`e2e.${name}.${page}`, JSON.stringify(notes));
  };
  const noted = (name) =>
    Object.keys(local ?? {})
      .filter((key) => key.startsWith(`e2e.${name}.`))
      .flatMap((key) => JSON.parse(local.getItem(key)));
  const trouble = (text) => add("trouble", [text]);
  const secrets = (parameters, names) =>
    add(
      "secrets",
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
      add("console", [text]);
      if (/panicked at|RuntimeError/.test(text)) trouble(text);
      original.apply(console, values);
    };
  }

  add("arrivals", [location.href]);
  secrets(form(location.search), ["code"]);
  window.navigation?.addEventListener("navigate", (event) => {
    add("departures", [event.destination.url]);
    const kept = Object.values(sessionStorage).join(" ");
    const known = noted("secrets").map((note) => note.split(" "));
    add(
      "taken_along",
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
