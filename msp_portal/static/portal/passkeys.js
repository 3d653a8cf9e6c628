// Says in words why a passkey was not used; the ceremony itself is allauth's.
"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const line = document.querySelector("[data-passkey-error]");
  const given = event.detail.exception?.name === "NotAllowedError";
  line.textContent = given
    ? "No passkey was used: it was cancelled, or there is none for this portal here."
    : "This browser could not use a passkey here. Passkeys need https, or localhost.";
  line.hidden = false;
});
