"""OpenAI's SDK: the same code on an OpenAI upstream and on an Anthropic upstream; only `model` differs."""

import json

import openai
from checks import KEY, NARROW_KEY, URL, check, equal, raises, run, upstream_log

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
ROUTES = ("sim-openai", "sim-anthropic")
SAID = "Grüße, 世界! One, two, three."
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def say(text=SAID):
    return [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"say exactly: {text}"},
    ]


@check
def streams_from_both_upstreams_by_changing_only_the_model():
    for route in ROUTES:
        chunks = list(client.chat.completions.create(model=route, messages=say(), stream=True))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        equal(text, SAID)
        equal([c.choices[0].finish_reason for c in chunks if c.choices][-1], "stop")
        assert all(c.choices for c in chunks), "a usage that nobody asked for"
        equal(len({c.id for c in chunks}), 1)


@check
def streams_usage_when_it_is_asked_for():
    for route in ROUTES:
        chunks = list(
            client.chat.completions.create(
                model=route, messages=say(), stream=True, stream_options={"include_usage": True}
            )
        )
        usage = chunks[-1].usage
        equal(chunks[-1].choices, [])
        assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
        equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


@check
def answers_whole():
    for route in ROUTES:
        answer = client.chat.completions.create(model=route, messages=say())
        equal(answer.choices[0].message.content, SAID)
        equal(answer.choices[0].finish_reason, "stop")
        equal(answer.object, "chat.completion")
        assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0


@check
def stops_at_the_callers_limit_and_words():
    for route in ROUTES:
        short = client.chat.completions.create(
            model=route, messages=[{"role": "user", "content": "200 words"}], max_tokens=5
        )
        equal(short.choices[0].finish_reason, "length")
        stopped = client.chat.completions.create(
            model=route, messages=say("before STOP after"), stop=["STOP"]
        )
        equal(stopped.choices[0].finish_reason, "stop")
        assert "after" not in stopped.choices[0].message.content


@check
def calls_tools_whole_and_streamed():
    question = [{"role": "user", "content": "call weather city=Paris"}]
    for route in ROUTES:
        answer = client.chat.completions.create(model=route, messages=question, tools=[WEATHER])
        equal(answer.choices[0].finish_reason, "tool_calls")
        call = answer.choices[0].message.tool_calls[0]
        equal(call.function.name, "weather")
        equal(json.loads(call.function.arguments)["city"], "Paris")

        arguments, names = "", []
        for chunk in client.chat.completions.create(
            model=route, messages=question, tools=[WEATHER], stream=True
        ):
            for delta in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                equal(delta.index, 0)
                names += [delta.function.name] if delta.function.name else []
                arguments += delta.function.arguments or ""
        equal(names, ["weather"])
        equal(json.loads(arguments)["city"], "Paris")

        messages = question + [
            answer.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"},
        ]
        final = client.chat.completions.create(model=route, messages=messages, tools=[WEATHER])
        assert "18 degrees" in final.choices[0].message.content, final


@check
def calls_tools_in_parallel():
    for route in ROUTES:
        answer = client.chat.completions.create(
            model=route,
            messages=[{"role": "user", "content": "call weather city=Rome and call weather city=Oslo"}],
            tools=[WEATHER],
        )
        calls = answer.choices[0].message.tool_calls
        equal(len(calls), 2)
        equal(len({call.id for call in calls}), 2)


@check
def forces_a_tool():
    for route in ROUTES:
        answer = client.chat.completions.create(
            model=route,
            messages=[{"role": "user", "content": "no tools, thanks"}],
            tools=[WEATHER],
            tool_choice={"type": "function", "function": {"name": "weather"}},
        )
        equal(answer.choices[0].message.tool_calls[0].function.name, "weather")


@check
def answers_in_a_schema():
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    for route in ROUTES:
        answer = client.chat.completions.create(
            model=route,
            messages=[{"role": "user", "content": "someone"}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "person", "strict": True, "schema": schema},
            },
        )
        person = json.loads(answer.choices[0].message.content)
        equal(set(person), {"name", "age"})


@check
def sends_images():
    pixel = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
        "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    for route in ROUTES:
        answer = client.chat.completions.create(
            model=route,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "say exactly: seen"},
                        {"type": "image_url", "image_url": {"url": pixel}},
                    ],
                }
            ],
        )
        equal(answer.choices[0].message.content, "seen")


@check
def tells_what_happened_in_headers():
    for route, provider in zip(ROUTES, ("openai", "anthropic")):
        raw = client.chat.completions.with_raw_response.create(model=route, messages=say())
        equal(raw.headers["x-tollgate-route"], route)
        equal(raw.headers["x-tollgate-provider"], provider)
        equal(raw.headers["x-tollgate-model"], route)
        equal(raw.headers["x-tollgate-attempts"], "1")
        assert raw.headers["x-tollgate-request-id"]
        assert raw.headers["x-tollgate-version"]


@check
def names_what_a_translation_lost():
    raw = client.chat.completions.with_raw_response.create(
        model="sim-anthropic", messages=say(), seed=7, presence_penalty=0.5
    )
    dropped = raw.headers["x-tollgate-dropped-params"]
    assert "seed" in dropped and "presence_penalty" in dropped, dropped
    error = raises(
        openai.BadRequestError,
        lambda: client.chat.completions.create(model="sim-strict", messages=say(), seed=7),
    )
    assert "seed" in error.message, error


@check
def embeds():
    answer = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
    equal(len(answer.data), 2)
    equal(len(answer.data[0].embedding), 1536)


@check
def speaks_responses_to_an_upstream_that_has_them():
    answer = client.responses.create(model="sim-openai", input=f"say exactly: {SAID}")
    equal(answer.output_text, SAID)
    kinds = [
        event.type
        for event in client.responses.create(
            model="sim-openai", input=f"say exactly: {SAID}", stream=True
        )
    ]
    equal(kinds[0], "response.created")
    equal(kinds[-1], "response.completed")


@check
def lists_the_routes_that_a_key_may_use():
    names = {model.id for model in client.models.list()}
    assert {"sim-openai", "sim-anthropic"} <= names, names
    narrow = openai.OpenAI(base_url=f"{URL}/v1", api_key=NARROW_KEY, max_retries=0)
    equal({model.id for model in narrow.models.list()}, {"sim-openai"})
    equal(client.models.retrieve("sim-openai").id, "sim-openai")


@check
def the_provider_gets_its_own_credential_and_nothing_of_the_callers():
    for entry in upstream_log():
        headers = dict(entry["headers"])
        assert not any(name.startswith("x-stainless") for name in headers), headers
        assert KEY not in json.dumps(headers), headers


run()
