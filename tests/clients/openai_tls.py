"""OpenAI's SDK over HTTPS, with a private authority: it verifies, streams, and refuses whom it does not know."""

import os
import ssl

import httpx2
import openai

base_url = os.environ["TOLLGATE_URL"] + "/v1"
key = os.environ["TOLLGATE_KEY"]
assert base_url.startswith("https://"), base_url


def stream(client, model):
    chunks = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "20 words"}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


trusting = ssl.create_default_context(cafile=os.environ["CA_FILE"])
client = openai.OpenAI(base_url=base_url, api_key=key, http_client=httpx2.Client(verify=trusting))
for model in ("sim-openai", "sim-anthropic"):
    assert stream(client, model), model

wary = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
try:
    stream(wary, "sim-openai")
except openai.APIConnectionError as error:
    assert "certificate" in repr(error.__cause__).lower(), repr(error.__cause__)
else:
    raise AssertionError("a certificate of an unknown authority was taken")
