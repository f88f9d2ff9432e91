/* The pages work without this file. It groups a number's digits and names its country as they are typed, takes the
 * code out of what is pasted or received and sends it, tells where the message stands, counts a waiting time down, and
 * keeps a second click from sending twice. */
(() => {
  "use strict";

  const find = (selector) => document.querySelector(selector);
  const numberField = find("input[data-uzotp-countries]");
  const codeField = find("input[data-uzotp-length]");

  const say = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  // ------------------------------------------------------------------------------------------------ the number

  // See uzotp/web/countries.py for what a row is.
  const readCountry = (row) => {
    const [region, code, beginning, groups, name] = row.split("/");
    return {
      region, code, name,
      beginning: beginning && new RegExp(`^(?:${beginning})`),
      groups: groups ? groups.split("-").map(Number) : [3, 3, 3],
    };
  };

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  /* What the digits mean so far: the country, the calling code as it was typed, the digits after it. `abroad` is a
   * number of a country that is not served; `head` is null where the writing had better be left alone. */
  const understand = (typed, countries, home) => {
    const [, sign, digits] = /^(\+|00|)(\d*)$/.exec(typed.replace(/[^\d+]/g, ""));
    const size = home ? sum(home.groups) : 0;
    if (!digits) return { head: sign, body: "" };
    // Russia and Kazakhstan dial 8 before ten digits. Where numbers of home are shorter, fewer digits tell nothing.
    if (!sign && /^8([79]|$)/.test(digits) && countries.some(({ code, name }) => code === "7" && name)) {
      if (digits.length === 11) return { ...understand(`+7${digits.slice(1)}`, countries, home), head: "8" };
      if (size < 10) return { head: null };
    }
    if (!sign && home && (digits.length <= size || (digits.length === size + 1 && !digits.startsWith(home.code)))) {
      return { country: home, head: "", body: digits };
    }
    const sharing = countries.filter((country) => digits.startsWith(country.code));
    if (!sharing.length) {
      const begun = countries.some((country) => country.code.startsWith(digits));
      return { head: null, abroad: sign && !begun };
    }
    const body = digits.slice(sharing[0].code.length);
    const main = sharing[sharing.length - 1];
    if (body.startsWith(main.code)) {
      const again = understand(`+${body}`, countries, home);
      const rest = body.slice(main.code.length);
      // The code was there already, and was typed.
      if (rest.length === sum(again.country.groups)) return { ...again, head: `${sign}${main.code} ${main.code}` };
    }
    const country = body
      ? sharing.find((one) => one.beginning && one.beginning.test(body)) || main
      : sharing.find((one) => one.name) || main;
    return { country, head: sign + country.code, body };
  };

  const write = ({ head, body, country }) => {
    const parts = head ? [head] : [];
    let rest = body;
    for (const size of country ? country.groups : []) {
      if (rest) parts.push(rest.slice(0, size));
      rest = rest.slice(size);
    }
    if (rest) parts.push(rest);
    return parts.join(" ");
  };

  const watchNumber = (field) => {
    const countries = field.dataset.uzotpCountries.split(";").filter(Boolean).map(readCountry);
    const home = countries.find((country) => country.region === field.dataset.uzotpHome);
    const label = find("#uzotp-country");
    const warning = find("#uzotp-warning");
    const significant = (text) => text.replace(/[^\d+]/g, "");
    let written = null; // what the field shows, where the spaces in it are ours

    // The caret stays behind the same digit, however many spaces come or go.
    const put = (text, behind) => {
      let at = 0;
      for (let seen = 0; at < text.length && seen < behind; at += 1) if (/[\d+]/.test(text[at])) seen += 1;
      if (field.value !== text) field.value = text;
      if (document.activeElement === field) field.setSelectionRange(at, at);
    };

    const update = (event) => {
      if (event && event.isComposing) return;
      let { value } = field;
      let behind = significant(value.slice(0, field.selectionStart)).length;
      const erased = /^deleteContent(Back|For)ward$/.exec((event && event.inputType) || "");
      if (erased && written !== null && value !== written && value.replace(/ /g, "") === written.replace(/ /g, "")) {
        // Only a space of ours was erased: the digit beside it is what was meant.
        const kept = significant(value);
        if (erased[1] === "Back") behind = Math.max(0, behind - 1);
        value = kept.slice(0, behind) + kept.slice(behind + 1);
      }
      const plain = /^\s*\+?[\d\s().\u00a0\u2010-\u2015-]*$/.test(value);
      const number = plain ? understand(value, countries, home) : { head: null };
      if (number.head !== null) put(write(number), behind);
      else if (plain && written) put(significant(value), behind); // the spaces were ours, and are wrong now
      written = number.head === null ? null : field.value;
      const { country } = number;
      const served = country && country.name;
      say(label, served ? country.name : "");
      const refused = number.abroad || (country && !country.name);
      const error = find("#uzotp-error");
      const told = error && significant(field.value) === significant(field.defaultValue);
      say(warning, refused && !told ? warning.dataset.uzotpText : "");
      if (error && !told && error.textContent === warning.dataset.uzotpText) {
        // It was about another number; from now on the warning says it.
        error.remove();
        field.removeAttribute("aria-invalid");
      }
    };

    field.addEventListener("input", update);
    field.addEventListener("change", () => update());
    keepOverLanguages(field);
    update();
    field.setSelectionRange(field.value.length, field.value.length);
  };

  // What was typed goes along to the same page in another language; the address shall not hold it.
  const keepOverLanguages = (field) => {
    try {
      const kept = sessionStorage.getItem("uzotp");
      sessionStorage.removeItem("uzotp");
      if (kept) field.value = kept;
      document.querySelectorAll("a[hreflang]").forEach((link) => {
        link.addEventListener("click", () => sessionStorage.setItem("uzotp", field.value));
      });
    } catch {
      // A browser that keeps nothing.
    }
  };

  // -------------------------------------------------------------------------------------------------- the code

  /* The code in what was pasted, "" where there is none for certain: the same rule as uzotp.codes.read_code. */
  const codeIn = (text, length) => {
    if (!/\p{L}/u.test(text)) {
      const alone = text.replace(/\D/g, "");
      return alone.length === length ? alone : "";
    }
    const digits = `(\\d(?:[ \\u00a0-]?\\d){${length - 1}})(?![ \\u00a0-]?\\d)`;
    const patterns = [
      `#(\\d{${length}})\\s*$`,
      `(?:kod|код|code)\\p{L}*[^\\p{L}\\d_]{0,5}${digits}`,
      `(?:^|\\D)(\\d{${length}})(?!\\d)`,
      `(?:^|\\D)${digits}`,
    ];
    for (const pattern of patterns) {
      const search = new RegExp(pattern, "giu");
      let last = "";
      for (let found = search.exec(text); found; found = search.exec(text)) [, last] = found;
      if (last) return last.replace(/\D/g, "");
    }
    return "";
  };

  const watchCode = (field) => {
    const length = Number(field.dataset.uzotpLength);
    const button = field.form.querySelector("button");
    let sent = "";

    // A code that is whole goes off by itself: once, and not again until it is another.
    const sendWhole = () => {
      const code = field.value.replace(/[\s\u00a0-]/g, "");
      if (code.length !== length || /\D/.test(code) || code === sent) return;
      sent = code;
      button.click();
    };

    const take = (text) => {
      const code = codeIn(text, length);
      if (code.length !== length) return false;
      field.value = code;
      sendWhole();
      return true;
    };

    field.addEventListener("paste", (event) => {
      const text = event.clipboardData ? event.clipboardData.getData("text") : "";
      if (take(text)) event.preventDefault();
    });
    field.addEventListener("input", (event) => {
      if (event.isComposing) return;
      if (/[^\d\s\u00a0-]/.test(field.value)) take(field.value);
      else sendWhole();
    });
    receive(field.form, take);
    // So that a reload is of this challenge, whatever another tab has begun.
    history.replaceState(history.state, "", field.form.action);
    if (field.value) field.select();
  };

  // WebOTP: the browser reads the SMS that names this site in its last line.
  const receive = (form, take) => {
    if (!("OTPCredential" in window)) return;
    const stop = new AbortController();
    form.addEventListener("submit", () => stop.abort());
    window.addEventListener("pagehide", () => stop.abort());
    navigator.credentials
      .get({ otp: { transport: ["sms"] }, signal: stop.signal })
      .then((otp) => otp && take(otp.code))
      .catch(() => {}); // dismissed, or too late
  };

  // ---------------------------------------------------------------------------------------------- the delivery

  const FIRST_WAIT = 2000;
  const LONGEST_WAIT = 15000;

  /* Asks where the message stands: ever more slowly, until there is no more to come; not in a hidden tab. */
  const watchDelivery = (line) => {
    const look = find(".uzotp-look");
    const number = line.querySelector(".uzotp-number");
    let wait = FIRST_WAIT;
    let timer = null;
    let asking = null;
    let over = false;

    const stop = () => {
      clearTimeout(timer);
      if (asking) asking.abort();
      timer = asking = null;
    };
    const later = () => {
      timer = setTimeout(ask, wait);
      wait = Math.min(wait * 1.5, LONGEST_WAIT);
    };
    const show = ({ status, text, final }) => {
      over = final;
      if (line.dataset.uzotpStatus === status) return;
      line.dataset.uzotpStatus = status;
      const [before, after] = text.split(number.textContent);
      line.replaceChildren(before, number, after || "");
    };
    const ask = () => {
      timer = null;
      const request = (asking = new AbortController());
      const how = { signal: request.signal, credentials: "same-origin", cache: "no-store", redirect: "manual" };
      fetch(line.dataset.uzotpAsk, how)
        .then((reply) => {
          if (reply.status >= 500) return;
          if (!reply.ok) over = true;
          else return reply.json().then(show, () => (over = true)); // a page of the site: nothing for us
        })
        .catch(() => {}) // away for a moment
        .then(() => {
          if (!request.signal.aborted && !over) later();
        });
    };
    const resume = () => {
      stop();
      if (over || document.hidden) return;
      wait = FIRST_WAIT;
      later();
    };

    if (look) look.hidden = true;
    document.addEventListener("visibilitychange", resume);
    window.addEventListener("pageshow", (event) => event.persisted && resume());
    document.addEventListener("submit", stop);
    resume();
  };

  // ------------------------------------------------------------------------------------------------- the forms

  // As people say it, rounded up: the same rule as the server's.
  const duration = (seconds, words) => {
    if (seconds >= 7200) return `${Math.ceil(seconds / 3600)} ${words.uzotpH}`;
    if (seconds >= 120) return `${Math.ceil(seconds / 60)} ${words.uzotpMin}`;
    return `${Math.max(1, seconds)} ${words.uzotpS}`;
  };

  const countDown = (form) => {
    const words = form.dataset;
    const hint = form.querySelector(".uzotp-hint");
    const button = form.querySelector("button");
    const told = form.querySelector(".uzotp-error"); // which says it itself
    const end = Date.now() + Number(words.uzotpWait) * 1000;
    if (!Number(words.uzotpWait)) return;

    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = button.hidden = left > 0;
      const waiting = told ? "" : words.uzotpText.replace("{wait}", duration(left, words));
      say(hint, left > 0 ? waiting : words.uzotpAsk);
      if (left > 0) return;
      clearInterval(timer);
      say(form.querySelector(".uzotp-unseen"), words.uzotpOpen);
    };

    const timer = setInterval(tick, 500);
    tick();
  };

  const sendOnce = (form) => {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
      form.setAttribute("aria-busy", "true");
    });
    // A page that the back button brings out of the browser's memory may be sent again.
    window.addEventListener("pageshow", () => {
      sent = false;
      form.removeAttribute("aria-busy");
    });
  };

  document.querySelectorAll(".uzotp-form, .uzotp-resend").forEach(sendOnce);
  document.querySelectorAll("form[data-uzotp-wait]").forEach(countDown);
  document.querySelectorAll("[data-uzotp-status][data-uzotp-ask]").forEach(watchDelivery);
  if (numberField) watchNumber(numberField);
  if (codeField) watchCode(codeField);
})();
