// Drives a headless Chromium for a test in another language: one JSON command a line on standard
// input, one JSON answer a line on standard output. Everything else goes to standard error.
//
//   {"do":"open","url":…}  {"do":"run","code":…}  {"do":"picture","file":…}
//   {"do":"size","width":…,"height":…,"dark":…}  {"do":"complaints"}  {"do":"deny","what":"camera"}
//
// `complaints` are what the page's console would show in red: errors, refusals of its policy.
//
// Usage: node browser.mjs CHROMIUM PROFILE [VIDEO]

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [program, profile, video] = process.argv.slice(2);

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-extensions',
  '--disable-background-networking',
  '--disable-component-update',
  '--host-resolver-rules=MAP relay.test 127.0.0.1',
  '--use-fake-device-for-media-stream',
  `--user-data-dir=${profile}`,
  '--remote-debugging-pipe',
];
// With a film, somebody allows the camera; without one, nobody is asked.
if (video !== undefined) {
  flags.push('--use-fake-ui-for-media-stream');
  flags.push(`--use-file-for-fake-video-capture=${video}`);
}

class Browser {
  constructor() {
    const streams = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'];
    this.child = spawn(program, [...flags, 'about:blank'], { stdio: streams });
    this.child.on('exit', (code) => this.fail(`the browser ended with ${code}`));
    this.child.on('error', (err) => this.fail(`the browser did not start: ${err.message}`));
    this.waiting = new Map();
    this.complaints = [];
    this.number = 0;
    let rest = '';
    this.child.stdio[4].on('data', (data) => {
      const messages = (rest + data).split('\0');
      rest = messages.pop();
      messages.forEach((message) => this.hear(JSON.parse(message)));
    });
  }

  fail(reason) {
    for (const { reject } of this.waiting.values()) {
      reject(new Error(reason));
    }
    this.waiting.clear();
  }

  hear({ id, result, error, method, params }) {
    if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(params.exceptionDetails.exception?.description ?? 'an exception');
    }
    if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    }
    const waiting = this.waiting.get(id);
    if (waiting === undefined) {
      return;
    }
    this.waiting.delete(id);
    if (error === undefined) {
      waiting.resolve(result);
    } else {
      waiting.reject(new Error(error.message));
    }
  }

  call(method, params = {}) {
    this.number += 1;
    const message = { id: this.number, method, params, sessionId: this.session };
    return new Promise((resolve, reject) => {
      this.waiting.set(this.number, { resolve, reject });
      this.child.stdio[3].write(`${JSON.stringify(message)}\0`);
    });
  }

  async start() {
    const { targetInfos } = await this.call('Target.getTargets');
    const { targetId } = targetInfos.find(({ type }) => type === 'page');
    const attached = await this.call('Target.attachToTarget', { targetId, flatten: true });
    this.session = attached.sessionId;
    await this.call('Page.enable');
    await this.call('Runtime.enable');
    await this.call('Log.enable');
    await this.call('Network.enable');
  }

  async run(code) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression: code,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value ?? null;
  }
}

const browser = new Browser();

const commands = {
  async open({ url }) {
    const { errorText } = await browser.call('Page.navigate', { url });
    return errorText ?? null;
  },
  run: ({ code }) => browser.run(code),
  async picture({ file }) {
    const { data } = await browser.call('Page.captureScreenshot', { format: 'png' });
    writeFileSync(file, Buffer.from(data, 'base64'));
    return null;
  },
  async size({ width, height, dark }) {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await browser.call('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await browser.call('Emulation.setEmulatedMedia', { features });
    return null;
  },
  async deny({ what }) {
    await browser.call('Browser.setPermission', { permission: { name: what }, setting: 'denied' });
    return null;
  },
  complaints: () => browser.complaints.splice(0),
};

await browser.start();
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { value: await commands[command.do](command) };
  } catch (err) {
    answer = { error: err.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
browser.child.kill();
process.exit(0);
