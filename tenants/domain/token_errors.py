"""Entra's token errors (AADSTS codes) in words, with the next step for the person."""

from dataclasses import dataclass

_SENTENCES = {
    7000215: "The client secret is wrong. Paste the secret's value, not its id.",
    7000222: "The client secret has expired. Create a new one and store it here.",
    700016: "Entra does not know this application in this tenant. Check the client id, and that"
    " the application was consented to in this tenant.",
    700027: "Entra refused the certificate. Upload its public part to the app registration.",
    90002: "Entra does not know this tenant. Check the tenant id and the cloud.",
    53003: "A conditional access policy of the tenant blocks this application.",
    7000112: "The application is disabled in the tenant. An administrator has to enable it.",
}


@dataclass(frozen=True, slots=True)
class TokenProblem:
    """Why no token was given: AADSTS code (0 when none), Entra's words, ours."""

    code: int
    description: str
    sentence: str


def explain(error: str, description: str, codes: list[int]) -> TokenProblem:
    """The answer of a token endpoint as a sentence that says what to do."""
    code = next((code for code in codes if code in _SENTENCES), codes[0] if codes else 0)
    sentence = _SENTENCES.get(code, f"Entra refused the application's credential ({error}).")
    return TokenProblem(code, description, sentence)
