// OpenAI's SDK for Node: the same code on both upstreams.

import assert from "node:assert/strict";
import OpenAI from "openai";
import { check, KEY, run, URL } from "./checks.mjs";

const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: KEY, maxRetries: 0 });
const ROUTES = ["sim-openai", "sim-anthropic"];
const SAID = "Grüße, 世界! One, two, three.";
const messages = [{ role: "user", content: `say exactly: ${SAID}` }];

check("streams from both upstreams", async () => {
  for (const model of ROUTES) {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    assert.equal(text, SAID);
  }
});

check("answers whole", async () => {
  for (const model of ROUTES) {
    const answer = await client.chat.completions.create({ model, messages });
    assert.equal(answer.choices[0].message.content, SAID);
    assert.ok(answer.usage.total_tokens > 0);
  }
});

check("calls tools", async () => {
  const parameters = {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  };
  for (const model of ROUTES) {
    const answer = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "call weather city=Paris" }],
      tools: [{ type: "function", function: { name: "weather", parameters } }],
    });
    const [call] = answer.choices[0].message.tool_calls;
    assert.equal(JSON.parse(call.function.arguments).city, "Paris");
  }
});

check("a missing route is a NotFoundError with its code", async () => {
  await assert.rejects(
    client.chat.completions.create({ model: "no-such-model", messages }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
  );
});

check("a wrong key is an AuthenticationError", async () => {
  const stranger = new OpenAI({ baseURL: `${URL}/v1`, apiKey: "tg-wrong", maxRetries: 0 });
  await assert.rejects(
    stranger.chat.completions.create({ model: "sim-openai", messages }),
    OpenAI.AuthenticationError,
  );
});

check("a stream that breaks is an error", async () => {
  const model = "sim-gpt+fault=reset_after:2";
  let seen = 0;
  await assert.rejects(async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "12 words" }],
      stream: true,
    });
    for await (const _ of stream) seen += 1;
  });
  assert.ok(seen > 0, "nothing came before the break");
});

check("every answer has a request id where the SDK looks for it", async () => {
  const asked = { model: "sim-openai", messages };
  const first = await client.chat.completions.create(asked);
  const { data, response } = await client.chat.completions.create(asked).withResponse();
  assert.equal(data._request_id, response.headers.get("x-request-id"));
  assert.notEqual(data._request_id, first._request_id);
  assert.notEqual(data._request_id, response.headers.get("x-tollgate-request-id"));
  // Of another dialect's provider, and of none, there is ours.
  const other = client.chat.completions.create({ ...asked, model: "sim-anthropic" });
  const { data: translated, response: head } = await other.withResponse();
  assert.equal(translated._request_id, head.headers.get("x-tollgate-request-id"));
  await assert.rejects(
    client.chat.completions.create({ ...asked, model: "no-such-model" }),
    (error) => error.requestID === error.headers.get("x-tollgate-request-id"),
  );
});

await run();
