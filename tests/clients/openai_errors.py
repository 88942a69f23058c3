"""OpenAI's SDK when things go wrong: every error is one that it knows."""

import openai
from checks import KEY, NARROW_KEY, URL, check, equal, next_faults, raises, run, upstream_log


def client(key=KEY, retries=0):
    return openai.OpenAI(base_url=f"{URL}/v1", api_key=key, max_retries=retries, timeout=30)


HELLO = [{"role": "user", "content": "12 words"}]


def ask(model, key=KEY, **more):
    return client(key).chat.completions.create(model=model, messages=HELLO, **more)


@check
def a_wrong_key_is_an_authentication_error():
    error = raises(openai.AuthenticationError, lambda: ask("sim-openai", key="tg-wrong"))
    equal(error.status_code, 401)
    equal(error.code, "invalid_api_key")


@check
def a_missing_route_and_one_of_others_are_the_same_not_found():
    missing = raises(openai.NotFoundError, lambda: ask("no-such-model"))
    equal(missing.code, "model_not_found")
    closed = raises(openai.NotFoundError, lambda: ask("sim-anthropic", key=NARROW_KEY))
    equal(closed.code, "model_not_found")
    equal(
        missing.message.replace("no-such-model", "X"), closed.message.replace("sim-anthropic", "X")
    )


@check
def what_cannot_be_translated_is_a_bad_request():
    raises(openai.BadRequestError, lambda: ask("sim-anthropic", n=2))
    raises(openai.BadRequestError, lambda: ask("sim-anthropic", logprobs=True))


@check
def a_limit_is_a_rate_limit_error_that_says_when_to_come_back():
    # One went to a route that is not the key's.
    for remaining in ("1", "0"):
        raw = client(NARROW_KEY).chat.completions.with_raw_response.create(
            model="sim-openai", messages=HELLO
        )
        equal(raw.headers["x-ratelimit-limit-requests"], "3")
        equal(raw.headers["x-ratelimit-remaining-requests"], remaining)
    error = raises(openai.RateLimitError, lambda: ask("sim-openai", key=NARROW_KEY))
    assert 0 < int(error.response.headers["retry-after"]) <= 60, error.response.headers


@check
def a_providers_passing_trouble_is_retried_unseen():
    for fault in ("500", "503", "429:0", "reset"):
        before = len(upstream_log())
        next_faults(fault)
        raw = client().chat.completions.with_raw_response.create(model="sim-openai", messages=HELLO)
        equal(raw.headers["x-tollgate-attempts"], "2")
        equal(len(upstream_log()), before + 2)


@check
def a_route_falls_back_to_another_also_for_streams():
    raw = client().chat.completions.with_raw_response.create(model="sim-fallback", messages=HELLO)
    equal(raw.headers["x-tollgate-provider"], "anthropic")
    chunks = list(ask("sim-fallback", stream=True))
    assert any(c.choices and c.choices[0].delta.content for c in chunks)


@check
def a_providers_own_bad_request_keeps_its_words():
    error = raises(openai.BadRequestError, lambda: ask("sim-gpt+fault=400:too many bananas"))
    assert "too many bananas" in error.message, error


@check
def a_credential_that_the_provider_refuses_is_our_fault_and_not_the_callers():
    error = raises(openai.InternalServerError, lambda: ask("sim-gpt+fault=401"))
    equal(error.status_code, 502)
    equal(error.code, "upstream_auth")
    error = raises(openai.InternalServerError, lambda: ask("sim-gpt+fault=quota"))
    equal((error.status_code, error.code), (502, "upstream_quota"))


@check
def a_stream_that_breaks_is_an_error_and_never_a_clean_end():
    for model in ("sim-gpt", "sim-claude"):
        for fault in ("reset_after:2", "close_after:2", "end_after:2", "error_after:2", "malformed:2"):
            seen = []

            def read(model=model, fault=fault, seen=seen):
                for chunk in ask(f"{model}+fault={fault}", stream=True):
                    seen.append(chunk)

            raises(openai.APIError, read)
            assert seen, f"{model} {fault}: nothing came before the break"


@check
def odd_but_lawful_streams_read_as_any_other():
    for model in ("sim-gpt", "sim-claude"):
        for fault in ("split", "crlf", "comments", "no_space", "gzip", "pings"):
            chunks = list(ask(f"{model}+fault={fault}", stream=True))
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            equal(len(text.split()), 12)


@check
def a_line_of_a_megabyte_passes():
    chunks = list(ask("sim-gpt+fault=long_line:1048576", stream=True))
    assert sum(len(c.choices[0].delta.content or "") for c in chunks if c.choices) >= 1048576


@check
def every_answer_has_a_request_id_where_the_sdk_looks_for_it():
    # A provider's own stays.
    assert ask("sim-openai")._request_id.startswith("req_")
    told = raises(openai.APIStatusError, lambda: ask("sim-gpt+fault=400"))
    assert told.request_id.startswith("req_"), told.response.headers
    # Of another dialect's provider, and of none, there is ours.
    raw = client().chat.completions.with_raw_response.create(model="sim-anthropic", messages=HELLO)
    equal(raw.parse()._request_id, raw.headers["x-tollgate-request-id"])
    ours = [("no-such-model", KEY), ("sim-openai", "tg-wrong"), ("sim-gpt+fault=reset", KEY)]
    for model, key in ours:
        error = raises(openai.APIStatusError, lambda: ask(model, key=key))
        equal(error.request_id, error.response.headers["x-tollgate-request-id"])


run()
