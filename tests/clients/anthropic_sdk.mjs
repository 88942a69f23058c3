// Anthropic's SDK for Node: the same code on both upstreams.

import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { check, KEY, run, URL } from "./checks.mjs";

const client = new Anthropic({ baseURL: URL, apiKey: KEY, maxRetries: 0 });
const ROUTES = ["sim-anthropic", "sim-openai"];
const SAID = "Grüße, 世界! One, two, three.";
const messages = [{ role: "user", content: `say exactly: ${SAID}` }];

check("answers whole", async () => {
  for (const model of ROUTES) {
    const message = await client.messages.create({ model, max_tokens: 500, messages });
    assert.equal(message.content.at(-1).text, SAID);
    assert.equal(message.stop_reason, "end_turn");
  }
});

check("streams from both upstreams", async () => {
  for (const model of ROUTES) {
    const stream = client.messages.stream({ model, max_tokens: 500, messages });
    assert.equal(await stream.finalText(), SAID);
    const message = await stream.finalMessage();
    assert.ok(message.usage.output_tokens > 0);
  }
});

check("calls tools", async () => {
  const input_schema = {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  };
  for (const model of ROUTES) {
    const stream = client.messages.stream({
      model,
      max_tokens: 500,
      messages: [{ role: "user", content: "call weather city=Paris" }],
      tools: [{ name: "weather", input_schema }],
    });
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, "tool_use");
    assert.equal(message.content.at(-1).input.city, "Paris");
  }
});

check("a wrong key is an AuthenticationError", async () => {
  const stranger = new Anthropic({ baseURL: URL, apiKey: "tg-wrong", maxRetries: 0 });
  await assert.rejects(
    stranger.messages.create({ model: "sim-anthropic", max_tokens: 10, messages }),
    Anthropic.AuthenticationError,
  );
});

check("a missing route is a NotFoundError", async () => {
  await assert.rejects(
    client.messages.create({ model: "no-such-model", max_tokens: 10, messages }),
    Anthropic.NotFoundError,
  );
});

check("every answer has a request id where the SDK looks for it", async () => {
  const asked = { model: "sim-anthropic", max_tokens: 500, messages };
  const { data, response } = await client.messages.create(asked).withResponse();
  assert.equal(data._request_id, response.headers.get("request-id"));
  assert.notEqual(data._request_id, response.headers.get("x-tollgate-request-id"));
  // Of another dialect's provider, and of none, there is ours.
  const other = client.messages.create({ ...asked, model: "sim-openai" });
  const { data: translated, response: head } = await other.withResponse();
  assert.equal(translated._request_id, head.headers.get("x-tollgate-request-id"));
  const stream = client.messages.stream({ ...asked, model: "sim-openai" });
  const { request_id } = await stream.withResponse();
  assert.ok(request_id);
  await stream.finalMessage();
  await assert.rejects(
    client.messages.create({ ...asked, model: "no-such-model" }),
    (error) => {
      assert.equal(error.error.request_id, error.requestID);
      return error.requestID === error.headers.get("x-tollgate-request-id");
    },
  );
});

await run();
