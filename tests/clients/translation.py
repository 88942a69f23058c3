"""Each dialect's SDK on the other's upstream: what the strict provider is told, whole and streamed."""

import itertools
import json

import anthropic
import openai
from checks import KEY, URL, check, equal, raises, run, upstream_log

chats = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30).chat.completions
messages = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=30).messages

CLAUDES = (
    "claude-3-5-haiku-20241022",
    "claude-sonnet-4-5",
    "claude-opus-4-6",
    "claude-opus-4-7",
    "claude-sonnet-5",
    "claude-opus-5",
    "claude-haiku-5-5",
    "claude-fable-5",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
)
GPTS = ("gpt-4o", "gpt-4.1", "o3", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-6-sol", "gpt-6-astra")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
MESSAGE_TOOL = {"name": "weather", "input_schema": SCHEMA}
HELLO = [{"role": "user", "content": "12 words"}]


def told():
    """The body that the provider got last."""
    return json.loads(upstream_log()[-1]["body"])


def chat(model="sim-claude", asked=HELLO, stream=False, **more):
    """The lost parameters of a chat that must be answered."""
    raw = chats.with_raw_response.create(model=model, messages=asked, stream=stream, **more)
    answer = list(raw.parse()) if stream else raw.parse()
    assert answer
    return raw.headers.get("x-tollgate-dropped-params", "")


def message(model="sim-gpt", asked=HELLO, stream=False, **more):
    more.setdefault("max_tokens", 3000)
    raw = messages.with_raw_response.create(model=model, messages=asked, stream=stream, **more)
    answer = list(raw.parse()) if stream else raw.parse()
    assert answer
    return raw.headers.get("x-tollgate-dropped-params", "")


@check
def no_claude_refuses_what_it_is_told_of_a_chat():
    wishes = (
        {},
        {"temperature": 0.3, "top_p": 0.9},
        {"temperature": 2},
        {"extra_body": {"top_k": 4}},
        *({"reasoning_effort": effort} for effort in ("none", "minimal", "low", "high", "xhigh", "max")),
        {"reasoning_effort": "high", "temperature": 0.2, "max_tokens": 900},
        {"tools": [CHAT_TOOL], "tool_choice": "required"},
        {"tools": [CHAT_TOOL], "tool_choice": "required", "reasoning_effort": "low"},
        {"tools": [CHAT_TOOL], "parallel_tool_calls": False},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}},
        {"stop": ["END"], "seed": 7, "presence_penalty": 0.1, "user": "u", "service_tier": "flex"},
        {"max_tokens": 10_000_000},
    )
    for number, (model, more) in enumerate(itertools.product(CLAUDES, wishes)):
        if model.startswith("claude-3-5") and more.get("max_tokens", 0) > 8192:
            # The price table has lost the limits of models that are no longer sold.
            continue
        chat(model, stream=number % 2 == 0, **more)


@check
def no_gpt_refuses_what_it_is_told_of_messages():
    wishes = (
        {},
        {"extra_body": {"temperature": 0.3, "top_p": 0.9, "top_k": 3}},
        {"thinking": {"type": "adaptive"}},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled", "budget_tokens": 2048}, "tools": [MESSAGE_TOOL]},
        *({"output_config": {"effort": effort}} for effort in ("low", "medium", "high", "xhigh", "max")),
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"stop_sequences": ["a b c", "END"], "metadata": {"user_id": "u"}, "service_tier": "standard_only"},
        {"max_tokens": 10_000_000, "timeout": 60},
    )
    forced = (
        {"tools": [MESSAGE_TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        {"tools": [MESSAGE_TOOL], "tool_choice": {"type": "tool", "name": "weather"}},
    )
    # One takes no tools on chat at all.
    may_call = [model for model in GPTS if model != "gpt-6-astra"]
    pairs = [*itertools.product(GPTS, (w for w in wishes if "tools" not in w))]
    pairs += itertools.product(may_call, (*forced, *(w for w in wishes if "tools" in w)))
    for number, (model, more) in enumerate(pairs):
        message(model, stream=number % 2 == 0, **more)


@check
def results_of_tools_come_first_and_keep_their_pictures():
    call = lambda id: {"id": id, "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    asked = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "b", "content": "cold"},
        {
            "role": "tool",
            "tool_call_id": "a",
            "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}],
        },
        {"role": "user", "content": "and now?"},
    ]
    chat(asked=asked, tools=[CHAT_TOOL])
    last = told()["messages"][-1]["content"]
    equal([block["type"] for block in last], ["tool_result", "tool_result", "text"])
    equal(last[1]["content"][0]["source"]["data"], PIXEL)

    use = lambda id: {"type": "tool_use", "id": id, "name": "weather", "input": {"city": "Oslo"}}
    asked = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [use("a"), use("b")]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "b", "content": "broken", "is_error": True},
                {
                    "type": "tool_result",
                    "tool_use_id": "a",
                    "content": [
                        {"type": "text", "text": "seen"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    ],
                },
                {"type": "text", "text": "and now?"},
            ],
        },
    ]
    lost = message(asked=asked, tools=[MESSAGE_TOOL])
    body = told()
    roles = [entry["role"] for entry in body["messages"]]
    equal(roles, ["user", "assistant", "tool", "tool", "user"])
    assert body["messages"][2]["content"].startswith("Error: broken"), body
    assert PIXEL in json.dumps(body["messages"][4]), body
    assert "is_error=weakened" in lost, lost


@check
def letters_of_all_kinds_arrive_in_both_directions():
    for text in ("日本 \U0001f600 \u2028 é\u0301", 'a "quoted" \\ text\nof two\tlines', "\u0000\u001f"):
        asked = [{"role": "user", "content": f"say exactly: {text}"}]
        chat(asked=asked)
        equal(told()["messages"][0]["content"], asked[0]["content"])
        equal(chats.create(model="sim-claude", messages=asked).choices[0].message.content, text)
        message(asked=asked)
        equal(told()["messages"][0]["content"], asked[0]["content"])
        equal(messages.create(model="sim-gpt", max_tokens=99, messages=asked).content[0].text, text)


@check
def what_no_target_can_do_is_a_400_that_names_it():
    for field, more in {
        "n": {"n": 2},
        "logprobs": {"logprobs": True},
        "audio": {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        "tool_choice": {"tools": [CHAT_TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
    }.items():
        error = raises(openai.BadRequestError, lambda more=more: chat(**more))
        assert field in error.message, error
    picture = {"type": "image", "source": {"type": "file", "file_id": "f"}}
    for field, more in {
        "stop_sequences": {"stop_sequences": list("abcde")},
        "tools[0]": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        "messages[0]": {"asked": [{"role": "user", "content": [picture]}]},
        "messages": {"asked": [{"role": "user", "content": ""}]},
    }.items():
        error = raises(anthropic.BadRequestError, lambda more=more: message(**more))
        assert field in error.message, error


@check
def what_is_lost_is_named_and_nothing_else():
    lost = chat(
        extra_body={"x_unknown": 1, "x_null": None}, seed=1, store=True, metadata={"run": "7", "user_id": "u"}
    )
    equal(set(lost.split(",")), {"x_unknown", "seed", "store", "metadata"})
    equal(told()["metadata"], {"user_id": "u"})
    lost = message(extra_body={"x_unknown": 1, "context_management": {"edits": []}})
    equal(set(lost.split(",")), {"x_unknown", "context_management"})
    equal(chat(temperature=1, n=1, logprobs=False, frequency_penalty=0), "")


@check
def a_conversation_goes_on_with_the_other_providers_model():
    asked = [{"role": "user", "content": "call weather city=Paris"}]
    for model in ("sim-claude", "claude-opus-4-6"):
        answer = chats.create(model=model, messages=asked, tools=[CHAT_TOOL], reasoning_effort="high")
        message = answer.choices[0].message.to_dict()
        assert message["thinking_blocks"] and message["reasoning_content"], message
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "18 degrees"}
        lost = chat("sim-gpt", [*asked, message, result], tools=[CHAT_TOOL])
        equal(lost, "messages[1].thinking_blocks")
        equal(told()["messages"][1]["tool_calls"], message["tool_calls"])


@check
def anthropics_tool_runner_goes_on_without_a_thread():
    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"18 degrees in {city}"

    runner = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0).beta.messages.tool_runner(
        model="sim-gpt",
        max_tokens=999,
        tools=[weather],
        messages=[{"role": "user", "content": "call weather city=Paris"}],
    )
    assert "18 degrees in Paris" in runner.until_done().content[-1].text


@check
def functions_of_old_are_answered_in_their_own_form():
    function = {"name": "weather", "parameters": SCHEMA}
    asked = [{"role": "user", "content": "call weather city=Paris"}]
    answer = chats.create(model="sim-claude", messages=asked, functions=[function]).choices[0]
    equal(answer.finish_reason, "function_call")
    equal(json.loads(answer.message.function_call.arguments)["city"], "Paris")
    asked += [
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": '{"city":"Paris"}'}},
        {"role": "function", "name": "weather", "content": "18 degrees"},
    ]
    final = chats.create(model="sim-claude", messages=asked, functions=[function])
    assert "18 degrees" in final.choices[0].message.content, final


@check
def a_line_of_a_megabyte_and_odd_pieces_arrive_whole():
    for model in ("sim-claude", "sim-gpt"):
        for fault in ("gzip", "crlf", "comments", "split", "no_space"):
            asked = [{"role": "user", "content": "say exactly: Grüße, 世界! One, two."}]
            name = f"{model}+fault={fault}"
            said = "".join(
                chunk.choices[0].delta.content or ""
                for chunk in chats.create(model=name, messages=asked, stream=True)
                if chunk.choices
            )
            equal(said, "Grüße, 世界! One, two.")
            with messages.stream(model=name, max_tokens=99, messages=asked) as events:
                equal("".join(events.text_stream), "Grüße, 世界! One, two.")
        name = f"{model}+fault=long_line:1000000"
        chunks = chats.create(model=name, messages=HELLO, stream=True)
        texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        assert max(map(len, texts)) >= 1_000_000
        with messages.stream(model=name, max_tokens=99, messages=HELLO) as events:
            assert max(map(len, events.text_stream)) >= 1_000_000


run()
