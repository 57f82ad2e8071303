// Shows frames to a vault's camera, one code after the other, round and round.

import { keepAwake } from './screen.js';

export const RATES = [4, 6, 8, 10, 12];
const FIRST_RATE = 2;
const QUIET_MODULES = 4;
// Drawn codes that are kept: each is some 30 KiB, and drawing one takes 15 ms.
const KEPT_MAX = 64;

export class Show {
  constructor(canvas, desk, onChange) {
    this.canvas = canvas;
    this.desk = desk;
    this.onChange = onChange;
    this.rateIndex = FIRST_RATE;
    this.frames = [];
    this.run = 0;
  }

  get isRunning() {
    return this.frames.length > 0;
  }

  get rate() {
    return RATES[this.rateIndex];
  }

  // Shows these frames until `stop`.
  async start(transfer, frames) {
    this.transfer = transfer;
    this.frames = frames;
    this.drawn = new Map();
    this.at = 0;
    this.round = 1;
    this.last = undefined;
    this.isBroken = false;
    this.run += 1;
    const { run } = this;
    const awake = await keepAwake();
    if (run !== this.run) {
      // Stopped meanwhile.
      awake.release();
      return;
    }
    this.awake = awake;
    void this.turn(run);
  }

  stop() {
    this.run += 1;
    this.frames = [];
    this.drawn = undefined;
    this.transfer = undefined;
    this.awake?.release();
    this.awake = undefined;
  }

  changeRate(step) {
    this.rateIndex = Math.min(RATES.length - 1, Math.max(0, this.rateIndex + step));
    this.onChange();
  }

  async turn(run) {
    let due = performance.now();
    while (run === this.run) {
      const code = await this.code(this.at).catch(() => undefined);
      const wait = due - performance.now();
      if (wait > 0) {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
      if (run !== this.run) {
        return;
      }
      this.isBroken = code === undefined;
      if (code !== undefined) {
        this.paint(code);
      }
      this.onChange();
      // Late is late: codes are never shown for less than their time to catch up.
      due = Math.max(performance.now(), due) + 1000 / this.rate;
      this.at += 1;
      if (this.at === this.frames.length) {
        this.at = 0;
        this.round += 1;
      }
    }
  }

  // The modules of a frame's code; the next one is drawn while this one is shown.
  async code(at) {
    const next = (at + 1) % this.frames.length;
    const code = this.drawing(at);
    this.drawing(next).catch(() => undefined);
    return code;
  }

  drawing(at) {
    if (!this.drawn.has(at)) {
      if (this.drawn.size >= KEPT_MAX) {
        this.drawn.delete(this.drawn.keys().next().value);
      }
      const { drawn } = this;
      const drawing = this.desk.ask('draw', { bytes: this.frames[at] });
      drawn.set(at, drawing);
      // What failed is tried again at its next turn.
      drawing.catch(() => drawn.delete(at));
    }
    return this.drawn.get(at);
  }

  // Black on white with a quiet zone, each module a whole number of the screen's pixels.
  paint({ size, modules }) {
    this.last = { size, modules };
    const side = size + 2 * QUIET_MODULES;
    const box = this.canvas.parentElement.getBoundingClientRect();
    const room = Math.min(box.width, box.height) * devicePixelRatio;
    const scale = Math.max(1, Math.floor(room / side));
    const pixels = side * scale;
    if (this.canvas.width !== pixels) {
      this.canvas.width = pixels;
      this.canvas.height = pixels;
    }
    this.canvas.style.width = `${pixels / devicePixelRatio}px`;
    this.canvas.style.height = `${pixels / devicePixelRatio}px`;
    const context = this.canvas.getContext('2d', { alpha: false });
    context.fillStyle = '#fff';
    context.fillRect(0, 0, pixels, pixels);
    context.fillStyle = '#000';
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        if (modules[y * size + x] === 1) {
          const left = (x + QUIET_MODULES) * scale;
          context.fillRect(left, (y + QUIET_MODULES) * scale, scale, scale);
        }
      }
    }
  }

  // The window has another size.
  repaint() {
    if (this.isRunning && this.last !== undefined) {
      this.paint(this.last);
    }
  }
}
