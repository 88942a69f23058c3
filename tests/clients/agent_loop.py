"""An agent that uses a tool in each of five turns, through both dialects onto both upstreams."""

import json

import anthropic
import openai
from checks import KEY, URL, check, equal, run, upstream_log

STEPS = 5
TASK = f"{STEPS} steps"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


def openai_agent(model, keeps_extensions, is_streamed, **more):
    """Rounds in which tools were called, before the answer."""
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
    tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    messages = [{"role": "user", "content": TASK}]
    for turn in range(STEPS + 2):
        if is_streamed:
            message = collect(
                client.chat.completions.create(
                    model=model, messages=messages, tools=tools, stream=True, **more
                )
            )
        else:
            answer = client.chat.completions.create(
                model=model, messages=messages, tools=tools, **more
            )
            message = answer.choices[0].message.model_dump(exclude_none=True)
        if not keeps_extensions:
            standard = ("role", "content", "tool_calls")
            message = {name: message[name] for name in standard if name in message}
        messages.append(message)
        if not message.get("tool_calls"):
            assert message["content"], message
            return turn
        for call in message["tool_calls"]:
            json.loads(call["function"]["arguments"])
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": f"result {turn}"}
            )
    raise AssertionError("the agent never came to an answer")


def collect(stream):
    """The message that a stream's deltas make, with what goes beyond the standard."""
    message = {"role": "assistant", "content": None}
    calls = {}
    for chunk in stream:
        if not chunk.choices:
            continue
        delta = chunk.choices[0].delta
        if delta.content:
            message["content"] = (message["content"] or "") + delta.content
        for piece in delta.tool_calls or []:
            call = calls.setdefault(
                piece.index,
                {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
            )
            call["id"] += piece.id or ""
            call["function"]["name"] += piece.function.name or ""
            call["function"]["arguments"] += piece.function.arguments or ""
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return message


def anthropic_agent(model, **more):
    client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=30)
    tools = [{"name": "weather", "input_schema": SCHEMA}]
    messages = [{"role": "user", "content": TASK}]
    for turn in range(STEPS + 2):
        with client.messages.stream(
            model=model, max_tokens=4000, messages=messages, tools=tools, **more
        ) as stream:
            message = stream.get_final_message()
        messages.append({"role": "assistant", "content": message.content})
        uses = [block for block in message.content if block.type == "tool_use"]
        if not uses:
            assert message.content[-1].text, message
            return turn
        messages.append(
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": use.id, "content": f"result {turn}"}
                    for use in uses
                ],
            }
        )
    raise AssertionError("the agent never came to an answer")


def thoughts_verified(agent):
    """Thinking blocks that came back to the provider with a good signature while the agent ran."""
    before = len(upstream_log())
    equal(agent(), STEPS)
    return sum(entry["thinking_verified"] for entry in upstream_log()[before:])


@check
def openai_onto_openai():
    for is_streamed in (False, True):
        equal(openai_agent("sim-openai", True, is_streamed), STEPS)


@check
def anthropic_onto_openai():
    equal(anthropic_agent("sim-openai"), STEPS)


@check
def anthropic_onto_anthropic_with_thinking():
    more = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    verified = thoughts_verified(lambda: anthropic_agent("sim-claude+fault=strict_thinking", **more))
    assert verified >= STEPS, verified


@check
def openai_onto_anthropic_with_thinking_sent_back_by_the_application():
    verified = thoughts_verified(
        lambda: openai_agent(
            "sim-claude+fault=strict_thinking", True, False, reasoning_effort="low"
        )
    )
    assert verified >= STEPS, verified


@check
def openai_onto_anthropic_with_thinking_that_the_application_forgot():
    for is_streamed in (False, True):
        verified = thoughts_verified(
            lambda is_streamed=is_streamed: openai_agent(
                "sim-claude+fault=strict_thinking", False, is_streamed, reasoning_effort="low"
            )
        )
        assert verified >= STEPS, (is_streamed, verified)


run()
