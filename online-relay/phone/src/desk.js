// A few workers that read and draw codes, and who of them is free.

const WORKERS_MAX = 2;

export class Desk {
  constructor(count = Math.max(1, Math.min(WORKERS_MAX, (navigator.hardwareConcurrency ?? 2) - 1))) {
    this.number = 0;
    this.workers = Array.from({ length: count }, () => new Clerk());
  }

  get isFree() {
    return this.workers.some((worker) => worker.waiting.size === 0);
  }

  // Asks the least busy worker.
  ask(kind, wish, moved = []) {
    const [first, ...others] = this.workers;
    const idle = others.reduce(
      (best, worker) => (worker.waiting.size < best.waiting.size ? worker : best),
      first,
    );
    this.number += 1;
    return idle.ask(this.number, kind, wish, moved);
  }
}

class Clerk {
  constructor() {
    this.waiting = new Map();
    this.worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data: { number, result, error } }) => {
      const { resolve, reject } = this.waiting.get(number);
      this.waiting.delete(number);
      if (error === undefined) {
        resolve(result);
      } else {
        reject(new Error(error));
      }
    };
    this.worker.onerror = () => {
      for (const { reject } of this.waiting.values()) {
        reject(new Error('worker'));
      }
      this.waiting.clear();
    };
  }

  ask(number, kind, wish, moved) {
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.worker.postMessage({ number, kind, wish }, moved);
    });
  }
}
