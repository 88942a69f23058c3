"""Anthropic's SDK: the same code on both upstreams."""

import anthropic
from checks import KEY, URL, check, equal, raises, run

ROUTES = ("sim-anthropic", "sim-openai")
# Who does not count is counted for.
COUNTED = {"sim-anthropic": None, "sim-openai": "input_tokens"}
SAID = "Grüße, 世界! One, two, three."
WEATHER = {
    "name": "weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def client(key=KEY):
    return anthropic.Anthropic(base_url=URL, api_key=key, max_retries=0, timeout=30)


def ask(model, text=f"say exactly: {SAID}", key=KEY, **more):
    more.setdefault("max_tokens", 500)
    return client(key).messages.create(
        model=model, messages=[{"role": "user", "content": text}], **more
    )


@check
def answers_whole_from_both_upstreams():
    for route in ROUTES:
        message = ask(route, system="Be brief.")
        equal((message.type, message.role), ("message", "assistant"))
        equal(message.content[-1].text, SAID)
        equal(message.stop_reason, "end_turn")
        assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0


@check
def streams_from_both_upstreams():
    for route in ROUTES:
        with client().messages.stream(
            model=route,
            max_tokens=500,
            messages=[{"role": "user", "content": f"say exactly: {SAID}"}],
        ) as stream:
            equal("".join(stream.text_stream), SAID)
            message = stream.get_final_message()
        equal(message.stop_reason, "end_turn")
        assert message.usage.output_tokens > 0, message.usage


@check
def stops_at_the_callers_limit_and_words():
    for route in ROUTES:
        equal(ask(route, "200 words", max_tokens=5).stop_reason, "max_tokens")
        stopped = ask(route, "say exactly: before STOP after", stop_sequences=["STOP"])
        assert "after" not in stopped.content[-1].text


@check
def calls_tools_and_takes_their_results():
    for route in ROUTES:
        message = ask(route, "call weather city=Paris", tools=[WEATHER])
        equal(message.stop_reason, "tool_use")
        use = message.content[-1]
        equal((use.type, use.name, use.input["city"]), ("tool_use", "weather", "Paris"))
        final = client().messages.create(
            model=route,
            max_tokens=500,
            tools=[WEATHER],
            messages=[
                {"role": "user", "content": "call weather city=Paris"},
                {"role": "assistant", "content": message.content},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": use.id, "content": "18 degrees"}
                    ],
                },
            ],
        )
        assert "18 degrees" in final.content[-1].text, final


@check
def counts_tokens():
    asked = [{"role": "user", "content": "one two three four five six seven eight nine ten"}]
    for route in ROUTES:
        count = lambda **more: client().messages.with_raw_response.count_tokens(
            model=route, messages=asked, system="Be brief.", **more
        )
        raw = count()
        counted = raw.parse().input_tokens
        equal(raw.headers.get("x-tollgate-estimated"), COUNTED[route])
        used = ask(route, asked[0]["content"], system="Be brief.").usage.input_tokens
        assert abs(counted - used) <= 3, (route, counted, used)
        assert count(tools=[WEATHER]).parse().input_tokens > counted


@check
def errors_are_of_anthropics_kind():
    error = raises(anthropic.AuthenticationError, lambda: ask("sim-anthropic", key="tg-wrong"))
    equal(error.body["error"]["type"], "authentication_error")
    error = raises(anthropic.NotFoundError, lambda: ask("no-such-model"))
    equal(error.body["error"]["type"], "not_found_error")
    raises(anthropic.NotFoundError, lambda: ask("sim-claude+fault=404:model gone"))


@check
def an_overloaded_provider_of_either_kind_is_anthropics_overload_or_server_error():
    for model in ("sim-claude", "sim-gpt"):
        error = raises(anthropic.APIStatusError, lambda: ask(f"{model}+fault=503"))
        assert error.status_code >= 500, error


@check
def a_stream_that_breaks_is_an_error_and_never_a_clean_end():
    for model in ("sim-claude", "sim-gpt"):
        for fault in ("reset_after:2", "end_after:2", "error_after:2"):
            seen = []

            def read(model=model, fault=fault, seen=seen):
                for event in ask(f"{model}+fault={fault}", "12 words", stream=True):
                    seen.append(event)

            raises(Exception, read)
            assert seen, f"{model} {fault}: nothing came before the break"


@check
def lists_models_in_anthropics_form():
    names = {model.id for model in client().models.list()}
    assert {"sim-openai", "sim-anthropic"} <= names, names


@check
def pages_through_models():
    whole = [model.id for model in client().models.list()]
    equal([model.id for model in client().models.list(limit=2)], whole)
    first = client().models.list(limit=2)
    assert first.has_more and first.last_id == whole[1], first
    equal([model.id for model in client().models.list(limit=1, before_id=whole[1]).data], whole[:1])


@check
def a_stream_knows_the_prompts_size_from_its_start():
    for route in ROUTES:
        events = list(ask(route, "12 words", stream=True))
        assert events[0].message.usage.input_tokens > 0, events[0]
        whole = ask(route, "12 words").usage
        told = next(event for event in events if event.type == "message_delta").usage
        equal((told.input_tokens, told.output_tokens), (whole.input_tokens, whole.output_tokens))


@check
def thinks_where_the_upstream_can():
    message = ask(
        "sim-anthropic",
        "9 words",
        max_tokens=4000,
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    equal(message.content[0].type, "thinking")
    assert message.content[0].signature


@check
def every_answer_has_a_request_id_where_the_sdk_looks_for_it():
    # A provider's own stays.
    assert ask("sim-anthropic")._request_id.startswith("req_")
    # Of another dialect's provider, and of none, there is ours.
    raw = client().messages.with_raw_response.create(
        model="sim-openai", max_tokens=10, messages=[{"role": "user", "content": "Hi"}]
    )
    equal(raw.parse()._request_id, raw.headers["x-tollgate-request-id"])
    for model, key in [("no-such-model", KEY), ("sim-anthropic", "tg-wrong")]:
        error = raises(anthropic.APIStatusError, lambda: ask(model, key=key))
        equal(error.request_id, error.response.headers["x-tollgate-request-id"])
        equal(error.body["request_id"], error.request_id)


run()
