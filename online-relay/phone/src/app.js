// Starts the page and ties its parts together.

import { CameraTrouble } from './camera.js';
import { Carry } from './carry.js';
import { Desk } from './desk.js';
import { Film } from './film.js';
import { Tray, readToken } from './relay.js';
import { RATES, Show } from './show.js';
import { forgetFiles, storageWarnings } from './storage.js';
import { FOR_PHONE, FROM_PHONE, Store, takePage } from './store.js';
import { text } from './text.js';
import * as view from './view.js';

const { element } = view;
// Numbers on the page change at most this often: faster is not read, and costs the decoder time.
const DRAW_EVERY_MS = 150;

class App {
  constructor() {
    this.fragment = takeFragment();
  }

  async start() {
    view.drawLabels();
    this.big = false;
    this.warnings = [];
    // Two tabs would film, leave and delete against each other.
    this.release = await takePage();
    if (this.release === undefined) {
      view.drawEnd(text.start.otherTab);
      return;
    }
    this.desk = new Desk();
    try {
      this.store = await Store.open(() => this.end(text.erase.elsewhere));
    } catch {
      view.drawNetwork(text.start.noStore);
      return;
    }
    this.show = new Show(element('code'), this.desk, () => this.changed());
    this.film = new Film(this.store, this.desk, () => this.changed());
    await this.film.load(await this.store.transfers());
    this.bind();
    await this.draw();
    await this.connect();
    void this.warn();
    this.keepOffline();
  }

  bind() {
    element('film-start').onclick = () => this.startFilm();
    element('film-stop').onclick = () => this.stopFilm();
    element('show-slower').onclick = () => this.show.changeRate(-1);
    element('show-faster').onclick = () => this.show.changeRate(1);
    element('show-size').onclick = () => this.toggleSize();
    element('show-finished').onclick = () => this.finishShow();
    element('show-stop').onclick = () => this.stopShow();
    element('link-panel').onsubmit = (event) => {
      event.preventDefault();
      this.takeLink(element('link').value.trim());
    };
    element('erase').onclick = () => this.erase();
    addEventListener('keydown', (event) => this.key(event));
    addEventListener('resize', () => this.show.repaint());
    addEventListener('hashchange', () => {
      if (this.isEnded) {
        location.reload();
        return;
      }
      this.fragment = takeFragment();
      void this.connect();
    });
  }

  // Begins to carry for the tray of the link, or for the one that is known.
  async connect() {
    const kept = await this.store.setting('token');
    const token = await this.tokenOfLink(kept);
    view.drawLinkPanel(token === undefined);
    if (token === undefined) {
      view.drawNetwork(text.link.missing);
      return;
    }
    if (this.carry !== undefined && token === kept) {
      this.carry.hurry();
      return;
    }
    if (token !== kept) {
      // First, so that nothing of the tray before is written behind the change.
      this.carry?.end();
      await this.store.changeTray(token);
    }
    this.carry?.end();
    this.carry = new Carry(this.store, new Tray(token), this.film, () => this.changed());
    void this.carry.run();
  }

  // A link that was pasted: an app on the home screen has no address to open it in.
  takeLink(link) {
    const [page, fragment] = link.split('#');
    if (page !== new URL('./', location.href).href) {
      view.drawLinkTrouble(fragment === undefined ? text.link.broken : text.link.elsewhere);
      return;
    }
    view.drawLinkTrouble('');
    element('link').value = '';
    this.fragment = `#${fragment ?? ''}`;
    void this.connect();
  }

  async tokenOfLink(kept) {
    const { fragment } = this;
    this.fragment = '';
    if (fragment === '') {
      return kept;
    }
    const token = readToken(fragment);
    if (token === undefined) {
      await view.ask({ title: text.title, words: text.link.broken, no: text.link.close });
      return kept;
    }
    if (kept === undefined || kept === token) {
      return token;
    }
    const change = await view.ask({
      title: text.title,
      words: text.link.other,
      yes: text.link.change,
      no: text.link.keep,
    });
    return change ? token : kept;
  }

  async startFilm() {
    view.drawCameraTrouble(undefined);
    view.drawFilm({ running: true, starting: true });
    try {
      await this.film.start(element('video'), () => this.cameraEnded());
      this.changed();
    } catch (err) {
      view.drawFilm({ running: false });
      view.drawCameraTrouble(err instanceof CameraTrouble ? err.code : 'failed');
    }
  }

  async stopFilm() {
    await this.film.stop();
    this.carry?.hurry();
    element('film-start').focus();
  }

  async cameraEnded() {
    await this.stopFilm();
    view.drawCameraTrouble('ended');
  }

  async startShow(transfer) {
    const frames = await this.store.waitingFrames(transfer);
    if (frames.length === 0) {
      return;
    }
    view.drawStage(true, this.big);
    await this.show.start(transfer, frames);
    element('show-stop').focus();
  }

  stopShow() {
    this.show.stop();
    this.big = false;
    view.drawStage(false, false);
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
    this.changed();
  }

  async finishShow() {
    const { transfer } = this.show;
    this.stopShow();
    await this.finish(transfer);
  }

  // The person says that the vault has it: the frames go, and the tray is told.
  async finish(transfer) {
    const record = await this.record(FOR_PHONE, transfer);
    if (record !== undefined) {
      await this.store.clear(FOR_PHONE, transfer, { ...record, done: true, told: false });
    }
    this.carry?.hurry();
    this.changed();
  }

  toggleSize() {
    this.big = !this.big;
    view.drawStage(true, this.big);
    if (this.big) {
      // Not every browser can, and the code grows without it too.
      element('stage').requestFullscreen?.().catch(() => undefined);
    } else if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
    this.show.repaint();
  }

  key(event) {
    if (!this.show.isRunning) {
      return;
    }
    const act = {
      Escape: () => this.stopShow(),
      '+': () => this.show.changeRate(1),
      '-': () => this.show.changeRate(-1),
      b: () => this.toggleSize(),
    }[event.key];
    if (act !== undefined) {
      event.preventDefault();
      act();
    }
  }

  async remove(list, transfer) {
    const record = await this.record(list, transfer);
    const reason = list === FOR_PHONE ? 'waiting' : 'filmed';
    const agreed = await view.ask({
      title: text.remove.title(transfer.split('-')[0]),
      words: text.remove[record.done ? 'done' : reason],
      yes: text.remove.confirm,
      no: text.remove.cancel,
    });
    if (!agreed) {
      return;
    }
    if (list === FOR_PHONE) {
      await this.finish(transfer);
      return;
    }
    this.film.forget(transfer);
    await this.store.clear(FROM_PHONE, transfer, { ...record, removed: true });
    this.carry?.hurry();
    this.changed();
  }

  async erase() {
    const { title, words, confirm } = text.erase;
    if (await view.ask({ title, words, yes: confirm, no: text.remove.cancel })) {
      await this.film.stop();
      this.end(text.erase.running);
      await this.eraseAll().catch(() => view.drawNetwork(text.erase.failed));
    }
  }

  async eraseAll() {
    await this.store.erase(() => view.drawNetwork(text.erase.blocked));
    await forgetFiles();
    view.drawNetwork(text.erase.finished);
    // The link may be opened in another tab.
    this.release();
  }

  // The page does nothing any more before it is loaded again.
  end(words) {
    this.isEnded = true;
    this.carry?.end();
    this.stopShow();
    void this.film.stop();
    view.drawEnd(words);
  }

  async record(list, transfer) {
    const records = await this.store.transfers();
    return records.find((record) => record.list === list && record.transfer === transfer);
  }

  // Something has changed: draws soon, and once for many changes.
  changed() {
    if (this.drawing === undefined) {
      this.drawing = setTimeout(async () => {
        try {
          await this.draw();
        } finally {
          this.drawing = undefined;
        }
      }, DRAW_EVERY_MS);
    }
  }

  async draw() {
    if (this.isEnded) {
      return;
    }
    this.drawNetwork();
    const { film, show } = this;
    view.drawFilm({
      running: film.isRunning,
      sight: film.sight,
      progress: film.progress(film.current),
      known: film.known.get(film.current)?.done,
      trouble: film.trouble,
    });
    if (show.isRunning) {
      view.drawShow({
        at: show.at + 1,
        count: show.frames.length,
        round: show.round,
        rate: show.rate,
        awake: show.awake?.held,
        isBroken: show.isBroken,
        isReplaced: (await this.record(FOR_PHONE, show.transfer)) === undefined,
        slowest: show.rate === RATES[0],
        fastest: show.rate === RATES.at(-1),
      });
      return;
    }
    const filmed = await this.filmedTransfers();
    const waiting = await this.waitingTransfers();
    view.drawTransfers('filmed', filmed, text.transfer.empty, (_, id) => this.remove(FROM_PHONE, id));
    view.drawTransfers('waiting', waiting, text.show.none, (verb, id) =>
      verb === 'show' ? this.startShow(id) : this.remove(FOR_PHONE, id),
    );
  }

  drawNetwork() {
    if (this.carry !== undefined) {
      const words = text.network[this.carry.network];
      view.drawNetwork(typeof words === 'function' ? words(this.carry.status) : words);
    }
  }

  async filmedTransfers() {
    const transfers = [...this.film.known.values()].reverse();
    return Promise.all(
      transfers.map(async ({ transfer, totalBytes, done }) => ({
        id: transfer,
        totalBytes,
        state: done ? text.state.withCourier : await this.filmedState(transfer),
        removable: true,
      })),
    );
  }

  async filmedState(transfer) {
    const { have, wanted, isWhole } = this.film.progress(transfer);
    const onTray = this.carry?.state?.from_phone.transfers.find((it) => it.transfer === transfer);
    if (onTray?.wanted > 0) {
      return text.state.wanted(onTray.wanted);
    }
    if (!isWhole) {
      return text.state.onPhone(have, wanted);
    }
    const [all, unsent] = [
      await this.store.countFilmed(transfer),
      await this.store.countUnsent(transfer),
    ];
    if (onTray === undefined || unsent === all) {
      return text.state.onPhone(have, wanted);
    }
    return unsent === 0 ? this.dated(text.state.onTray) : text.state.leaving(all - unsent, all);
  }

  async waitingTransfers() {
    const records = (await this.store.transfers()).filter(({ list }) => list === FOR_PHONE);
    return Promise.all(
      records.map(async ({ transfer, totalBytes, done }) => {
        const here = await this.store.countWaiting(transfer);
        const there = this.carry?.state?.for_phone.transfers.find((it) => it.transfer === transfer);
        const all = Math.max(here, there?.frames ?? here);
        const fetched = here < all ? text.state.fetching(here, all) : text.state.here(all);
        const state = done ? text.state.shown : fetched;
        return {
          id: transfer,
          totalBytes,
          showable: !done && here > 0,
          removable: !done,
          state: this.withAnswer(state, transfer),
        };
      }),
    );
  }

  withAnswer(words, transfer) {
    const lacks = this.film.answers.get(transfer.split('-')[0]);
    if (lacks === undefined) {
      return words;
    }
    return lacks === 0 ? text.state.vaultHas(words) : text.state.vaultLacks(words, lacks);
  }

  // What depends on the other side says how old it is, unless it was asked just now.
  dated(words) {
    const { network, seenAt } = this.carry;
    if (network === 'online' || network === 'asking') {
      return words;
    }
    const when = seenAt.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
    return `${words} (${text.state.asOf(when)})`;
  }

  async warn() {
    this.warnings = await storageWarnings();
    view.drawWarnings(this.warnings);
  }

  // The page opens without a network from the second time on.
  keepOffline() {
    const { serviceWorker } = navigator;
    let isFirst = serviceWorker?.controller === null;
    serviceWorker?.addEventListener('controllerchange', () => {
      if (!isFirst) {
        this.renew();
      }
      isFirst = false;
    });
    serviceWorker?.register('sw.js', { updateViaCache: 'none' }).catch(() => undefined);
  }

  // A newer version of the page is here.
  renew() {
    if (this.isEnded) {
      return;
    }
    if (this.film.isRunning || this.show.isRunning) {
      view.drawWarnings([{ code: 'newer' }, ...this.warnings]);
    } else {
      location.reload();
    }
  }
}

// Takes the token out of the address, where it can be seen. Returns it.
function takeFragment() {
  const { hash, pathname } = location;
  if (hash !== '') {
    history.replaceState(null, '', pathname);
  }
  return hash;
}

const app = new App();
app.start().catch(() => {
  view.drawNetwork(text.start.failed);
});
