// Films a vault's screen: pictures to codes, codes to frames, frames to the store.
// Pictures are dropped while all workers are busy; nothing queues up.

import { Camera } from './camera.js';
import { Tally, frameName, readFrame, symbolsOfName } from './frame.js';
import { keepAwake } from './screen.js';
import { FROM_PHONE } from './store.js';

const SAVE_EVERY_MS = 400;
// With two transfers in view, the one whose numbers are shown keeps its place for so long.
const KEEP_CURRENT_MS = 2_000;

// What is filmed and how far it is, for as long as the page is open.
export class Film {
  // `desk` is the worker pool; `onChange` is called when a number or a sight has changed.
  constructor(store, desk, onChange) {
    this.store = store;
    this.desk = desk;
    this.onChange = onChange;
    this.tallies = new Map();
    this.known = new Map();
    this.unsaved = new Map();
    this.camera = undefined;
    this.sight = undefined;
    this.current = undefined;
    this.trouble = undefined;
    // What a vault's corner code says that it lacks, by transfer id. Nobody vouches for it.
    this.answers = new Map();
  }

  get isRunning() {
    return this.camera !== undefined;
  }

  // Counts again what an earlier visit kept.
  async load(records) {
    const kept = records.filter(({ list, removed }) => list === FROM_PHONE && !removed);
    for (const record of kept) {
      this.tallies.set(record.transfer, new Tally(record.totalBytes));
      this.known.set(record.transfer, record);
      for (const name of await this.store.filmedNames(record.transfer)) {
        this.tallies.get(record.transfer).add(symbolsOfName(name));
      }
    }
  }

  async start(video, onEnd) {
    this.camera = await Camera.open(video, onEnd);
    this.sight = undefined;
    this.current = undefined;
    this.trouble = undefined;
    this.awake = await keepAwake();
    this.saving = setInterval(() => void this.save(), SAVE_EVERY_MS);
    this.next();
  }

  async stop() {
    this.camera?.close();
    this.camera = undefined;
    this.awake?.release();
    clearInterval(this.saving);
    await this.save();
    this.onChange();
  }

  next() {
    this.camera?.onPicture(() => {
      this.look();
      this.next();
    });
  }

  look() {
    if (this.camera === undefined || !this.desk.isFree) {
      return;
    }
    const picture = this.camera.grab();
    if (picture === undefined) {
      return;
    }
    this.desk
      .ask('read', picture, [picture.pixels])
      .then((codes) => this.take(codes))
      .catch(() => {
        this.trouble = 'decoderFailed';
        this.onChange();
      });
  }

  // Takes in the codes of one picture. A picture without one keeps the last sight.
  take(codes) {
    const kinds = [];
    for (const { bytes } of codes) {
      const frame = bytes === undefined ? { kind: 'blurred' } : readFrame(bytes);
      kinds.push(frame.kind);
      if (frame.kind === 'pack') {
        this.takeFrame(frame, bytes);
      } else if (frame.kind === 'answer') {
        frame.entries.forEach(({ id, lacks }) => this.answers.set(id, lacks));
      }
    }
    if (codes.length > 0) {
      // A code of a vault counts more than what else is in the picture.
      this.sight = kinds.includes('pack') ? 'pack' : kinds.at(-1);
      this.onChange();
    }
  }

  takeFrame(frame, bytes) {
    const { transfer, totalBytes } = frame;
    this.chooseCurrent(transfer);
    const record = this.known.get(transfer);
    if (record?.done) {
      return;
    }
    if (!this.tallies.has(transfer)) {
      this.tallies.set(transfer, new Tally(totalBytes));
    }
    if (this.tallies.get(transfer).add(frame.symbols) === 0) {
      return;
    }
    if (record === undefined) {
      this.known.set(transfer, { list: FROM_PHONE, transfer, totalBytes, done: false });
    }
    const frames = this.unsaved.get(transfer) ?? [];
    frames.push({ name: frameName(bytes), bytes });
    this.unsaved.set(transfer, frames);
  }

  chooseCurrent(transfer) {
    const now = performance.now();
    const isWaited = this.progress(this.current)?.isWhole === false && now < this.currentUntil;
    if (transfer === this.current || !isWaited) {
      this.current = transfer;
      this.currentUntil = now + KEEP_CURRENT_MS;
    }
  }

  // Moves what came since the last time to the store. What fails stays for the next time.
  async save() {
    const batches = [...this.unsaved];
    this.unsaved.clear();
    for (const [transfer, frames] of batches) {
      // It may be deleted, or with the courier, while the one before is kept.
      const isWanted = () => this.known.get(transfer)?.done === false;
      if (!isWanted()) {
        continue;
      }
      try {
        await this.store.putFilmed(this.known.get(transfer), frames);
        this.trouble = undefined;
      } catch {
        if (!isWanted()) {
          continue;
        }
        this.unsaved.set(transfer, [...frames, ...(this.unsaved.get(transfer) ?? [])]);
        this.trouble = 'storeFailed';
      }
    }
    if (batches.length > 0) {
      this.onChange();
    }
  }

  progress(transfer) {
    const tally = this.tallies.get(transfer);
    return tally && { have: tally.have, wanted: tally.wanted, isWhole: tally.isWhole };
  }

  // The courier asks for more of a transfer than was thought to be enough.
  askForMore(transfer, symbols) {
    this.tallies.get(transfer)?.askForMore(symbols);
  }

  markDone(transfer) {
    const record = this.known.get(transfer);
    if (record !== undefined) {
      record.done = true;
    }
    this.unsaved.delete(transfer);
  }

  forget(transfer) {
    this.tallies.delete(transfer);
    this.known.delete(transfer);
    this.unsaved.delete(transfer);
  }
}
