/* The pages work without this file. It counts a waiting time down, and keeps a second click from sending twice. */
(function () {
  "use strict";

  // As people say it, rounded up: the same rule as the server's.
  function duration(seconds, words) {
    if (seconds >= 7200) return Math.ceil(seconds / 3600) + " " + words.uzotpH;
    if (seconds >= 120) return Math.ceil(seconds / 60) + " " + words.uzotpMin;
    return Math.max(1, seconds) + " " + words.uzotpS;
  }

  function countDown(form) {
    var words = form.dataset;
    var hint = form.querySelector(".uzotp-hint");
    var button = form.querySelector("button");
    var end = Date.now() + Number(words.uzotpWait) * 1000;
    var timer = null;

    function tick() {
      var left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = left > 0;
      hint.hidden = left <= 0;
      if (left > 0) hint.textContent = words.uzotpText.replace("{wait}", duration(left, words));
      else clearInterval(timer);
    }

    timer = setInterval(tick, 500);
    tick();
  }

  function sendOnce(form) {
    var sent = false;
    form.addEventListener("submit", function (event) {
      if (sent) event.preventDefault();
      sent = true;
      form.setAttribute("aria-busy", "true");
    });
    // A page that the back button brings out of the browser's memory may be sent again.
    window.addEventListener("pageshow", function () {
      sent = false;
      form.removeAttribute("aria-busy");
    });
  }

  document.querySelectorAll("form[data-uzotp-wait]").forEach(countDown);
  document.querySelectorAll(".uzotp-form, .uzotp-resend").forEach(sendOnce);
})();
