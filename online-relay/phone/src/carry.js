// Carries between this phone and the tray whenever there is a network. Everything is repeatable:
// what was interrupted goes on at the next turn.

import { readFrame } from './frame.js';
import { RelayTrouble } from './relay.js';
import { FOR_PHONE, FROM_PHONE } from './store.js';

const FRAMES_AT_ONCE = 400;
const TRANSFERS_AT_ONCE = 32;
const PAUSE_MS = 4_000;
const PAUSE_AFTER_TROUBLE_MS = 15_000;

export class Carry {
  // `onChange` is called when a number or the state of the network has changed.
  constructor(store, tray, film, onChange) {
    Object.assign(this, { kept: store, tray, film, onChange });
    this.network = navigator.onLine ? 'asking' : 'offline';
    this.status = undefined;
    this.state = undefined;
    this.seenAt = undefined;
    this.ending = new AbortController();
  }

  // What belongs to this tray is written only as long as it is the page's tray.
  get store() {
    this.ending.signal.throwIfAborted();
    return this.kept;
  }

  // Goes on until `end`.
  async run() {
    const { signal } = this.ending;
    addEventListener('online', () => this.hurry(), { signal });
    addEventListener('offline', () => this.set('offline'), { signal });
    document.addEventListener('visibilitychange', () => this.hurry(), { signal });
    while (!signal.aborted) {
      await this.turn();
      const calm = this.network === 'online';
      await this.pause(calm ? PAUSE_MS : PAUSE_AFTER_TROUBLE_MS);
    }
  }

  // A turn that is under way changes nothing any more.
  end() {
    this.ending.abort();
    this.hurry();
  }

  async pause(milliseconds) {
    if (!this.isHurried) {
      await new Promise((resolve) => {
        this.endPause = resolve;
        setTimeout(resolve, milliseconds);
      });
    }
    this.isHurried = false;
  }

  // Ends the pause, or leaves out the next one.
  hurry() {
    this.isHurried = true;
    this.endPause?.();
  }

  set(network, status) {
    if (this.ending.signal.aborted) {
      return;
    }
    this.network = network;
    this.status = status;
    this.onChange();
  }

  async turn() {
    if (!navigator.onLine) {
      this.set('offline');
      return;
    }
    try {
      await this.ask();
      const troubles = [];
      // A phone without room takes nothing in, and makes room by what it leaves; a tray that
      // takes no more still gives.
      for (const step of ['conclude', 'collect', 'leave']) {
        await this[step]().catch((err) => troubles.push(err));
      }
      await this.ask();
      await this.conclude();
      if (troubles.length > 0) {
        throw troubles[0];
      }
      this.set('online');
    } catch (err) {
      // Anything else is the phone's own store, most likely without room.
      const code = err instanceof RelayTrouble ? err.code : 'stuck';
      this.set(code, err?.status);
    }
  }

  // Asks what lies on the tray.
  async ask() {
    this.state = await this.tray.state();
    this.seenAt = new Date();
  }

  // Draws the conclusions from what lies on the tray.
  async conclude() {
    for (const found of this.state.from_phone.transfers) {
      if (found.done) {
        await this.isWithCourier(found.transfer);
      } else if (found.wanted > 0 && (await this.hasLeftAll(found.transfer))) {
        this.film.askForMore(found.transfer, found.wanted);
      }
    }
    await this.tell();
    await this.forgetReplaced();
    this.onChange();
  }

  // What is asked for may be here already, and on its way.
  async hasLeftAll(transfer) {
    return !this.film.unsaved.has(transfer) && (await this.store.countUnsent(transfer)) === 0;
  }

  // Says what the person decided while there was no network.
  async tell() {
    const records = await this.store.transfers();
    const removed = records
      .filter(({ list, removed }) => list === FROM_PHONE && removed)
      .map(({ transfer }) => transfer)
      .slice(0, TRANSFERS_AT_ONCE);
    if (removed.length > 0) {
      await this.tray.done(FROM_PHONE, removed);
      // One that was filmed again meanwhile is a new one.
      for (const transfer of removed.filter((it) => !this.film.known.has(it))) {
        await this.store.clear(FROM_PHONE, transfer);
      }
    }
    await this.tellShown(records.filter(({ list, done }) => list === FOR_PHONE && done));
  }

  // Tells once what was shown. What lies there again afterwards was left anew by the courier,
  // because the vault lacks it after all.
  async tellShown(records) {
    const found = new Map(this.state.for_phone.transfers.map((it) => [it.transfer, it]));
    const onTray = records.filter(({ transfer }) => found.has(transfer));
    const isDone = ({ transfer }) => found.get(transfer).done;
    const shown = onTray.filter((it) => !isDone(it) && !it.told).map(({ transfer }) => transfer);
    if (shown.length > 0) {
      await this.tray.done(FOR_PHONE, shown);
    }
    const told = onTray.filter((it) => isDone(it) && !it.told).map(({ transfer }) => transfer);
    for (const transfer of [...shown, ...told]) {
      await this.store.amendTransfer(FOR_PHONE, transfer, (it) =>
        it.done ? { ...it, told: true } : undefined,
      );
    }
    for (const { transfer } of onTray.filter((it) => !isDone(it) && it.told)) {
      await this.store.amendTransfer(FOR_PHONE, transfer, (it) =>
        it.told ? { ...it, done: false, told: false } : undefined,
      );
    }
  }

  // Only now may the frames go: the courier has taken them in.
  async isWithCourier(transfer) {
    const record = this.film.known.get(transfer);
    if (record === undefined || record.done) {
      return;
    }
    this.film.markDone(transfer);
    await this.store.clear(FROM_PHONE, transfer, record);
  }

  // What the courier has taken back is older than what it left since.
  async forgetReplaced() {
    const there = new Set(this.state.for_phone.transfers.map(({ transfer }) => transfer));
    for (const record of await this.store.transfers()) {
      if (record.list === FOR_PHONE && !there.has(record.transfer)) {
        await this.store.clear(FOR_PHONE, record.transfer);
      }
    }
  }

  // Leaves what was filmed.
  async leave() {
    await this.leaveAgain();
    for (;;) {
      const waiting = await this.store.unsent(FRAMES_AT_ONCE);
      if (waiting.length === 0) {
        return;
      }
      const count = await this.tray.leave(waiting.map(({ bytes }) => bytes));
      await this.store.markSent(waiting.slice(0, count).map(({ key }) => key));
      this.onChange();
    }
  }

  // A tray that does not know a transfer which was left there is a new one, or was emptied.
  async leaveAgain() {
    const there = new Set(this.state.from_phone.transfers.map(({ transfer }) => transfer));
    for (const { transfer, done } of this.film.known.values()) {
      if (!done && !there.has(transfer) && (await this.hasLeftSome(transfer))) {
        await this.store.markUnsent(transfer);
      }
    }
  }

  async hasLeftSome(transfer) {
    return (await this.store.countUnsent(transfer)) < (await this.store.countFilmed(transfer));
  }

  // Fetches what waits for the vault.
  async collect() {
    let place = (await this.store.setting('place')) ?? 0;
    for (;;) {
      const page = await this.tray.fetch(place);
      if (page.frames.length === 0) {
        return;
      }
      await this.keep(page.frames, page.place);
      place = page.place;
      this.onChange();
      if (!page.more) {
        return;
      }
    }
  }

  async keep(frames, place) {
    const entries = [];
    for (const [at, bytes] of frames.entries()) {
      const { kind, transfer, totalBytes } = readFrame(bytes);
      if (kind === 'pack') {
        // The order within the transfer is what counts.
        entries.push({ transfer, totalBytes, number: place - frames.length + at, bytes });
      }
    }
    await this.store.putWaiting(entries, place);
  }
}
