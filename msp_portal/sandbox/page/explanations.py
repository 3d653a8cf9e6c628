"""What each switch does, by theme; shown on the control page and in docs/sandbox.md."""

EXPLANATIONS: dict[str, dict[str, str]] = {
    "Requests": {
        "accept_required": "A request without Accept is refused with 400.",
        "delete_refuses_json_accept": "A DELETE that accepts JSON only is refused with 400.",
        "put_status": "Answer to PUT, which the service does not have.",
        "non_guid_status": "Answer to an id in the path that is no GUID.",
        "count_zero_status": "Answer to count=0: refused, or an empty page with the total.",
        "discovery_list_key": "How the list of a discovery answer is spelled.",
        "last_page_total": "The last of several pages carries totalResults.",
        "token_lifetime_seconds": "How long a new token is good for.",
        "read_lag_seconds": "How long reads lag behind writes. Uniqueness does not lag.",
    },
    "Feature and licence": {
        "licensed": "The tenant has Entra ID P1, or a licence that contains it.",
        "feature_off_status": "Answer while the SCIM feature is off; 401 is an older form.",
    },
    "People and groups": {
        "verified_domains_enforced": "A user name needs a domain that is verified here.",
        "password_policy": "Passwords must satisfy Entra's policy.",
        "mail_nickname_required": "A creation must name mailNickname, as before August 2026.",
        "manager_at_creation": "A creation may name a manager; off: it is refused.",
        "duplicate_status": "Answer to a user name that is taken.",
        "country_attribute": "How the country of an address is spelled.",
        "soft_delete_days": "How many days a deleted user's name stays taken.",
        "member_add_unknown_status": "Answer to adding a member that does not exist.",
        "custom_security_unknown_status": "Answer to an undefined set or attribute.",
    },
    "Money": {
        "billing_rule": "Which answers are billed: 2xx and 404, or all. Counts of the past stay.",
        "unit_price": "Price of one billable request in the cost export, as decimal text.",
        "billing_currency": "Currency of the cost export, three capital letters.",
    },
    "Throttling": {
        "throttle": "Enforce Entra's quotas; otherwise as the sandbox was started.",
        "throttle_quota": "Factor on the size of every quota.",
        "throttle_scale": "How many times faster the quotas' clock runs.",
        "throttle_start": "How an application's first bucket begins.",
        "throttle_other_share": "Share of the rate that somebody else uses up, below 1.",
        "retry_after_form": "How Retry-After is written, or not at all.",
    },
}
WORDS = {name: words for theme in EXPLANATIONS.values() for name, words in theme.items()}
