// A list of checks, each named for the behaviour that it asserts, run in order and reported one a line.

export const URL = process.env.TOLLGATE_URL;
export const KEY = process.env.TOLLGATE_KEY;

const checks = [];

export function check(name, body) {
  checks.push([name, body]);
}

export async function run() {
  let failed = 0;
  for (const [name, body] of checks) {
    try {
      await body();
      console.log(`ok     ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}\n${error?.stack ?? error}`);
    }
  }
  process.exit(failed ? 1 : 0);
}
