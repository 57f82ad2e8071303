// What the page keeps: settings, transfers and their frames, in IndexedDB.
//
// `transfers` holds one record a transfer and list, under `LIST/TRANSFER`. `filmed` holds frames
// from a vault under `[transfer, name of the frame]`, `unsent` the same keys while a frame is not
// on the tray, and `waiting` frames for a vault under `[transfer, place]`.

const DATABASE = 'causeway-phone';
const VERSION = 1;
const TAKE_ATTEMPTS = 6;
const TAKE_PAUSE_MS = 200;
const STORES = ['settings', 'transfers', 'filmed', 'unsent', 'waiting'];

export const FROM_PHONE = 'from-phone';
export const FOR_PHONE = 'for-phone';

export class Store {
  // `onErased` is called when another tab erases everything.
  static async open(onErased) {
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => {
      for (const name of STORES) {
        opening.result.createObjectStore(name);
      }
    };
    const store = new Store();
    store.database = await finished(opening);
    // Another tab erases everything, and waits for this one.
    store.database.onversionchange = () => {
      store.database.close();
      onErased();
    };
    return store;
  }

  // Erases everything. The page is of no use afterwards before it is opened anew. `onBlocked` is
  // called when another tab has to be closed first.
  erase(onBlocked) {
    this.database.close();
    const erasing = indexedDB.deleteDatabase(DATABASE);
    erasing.onblocked = onBlocked;
    return finished(erasing);
  }

  // Runs `work` in one transaction; what it returns is awaited after the transaction is durable.
  async change(names, work) {
    const change = this.database.transaction(names, 'readwrite', { durability: 'strict' });
    const done = completed(change);
    try {
      const result = await work((name) => change.objectStore(name));
      await done;
      return result;
    } catch (err) {
      // Half a change must not become durable.
      done.catch(() => undefined);
      abort(change);
      throw err;
    }
  }

  read(name) {
    return this.database.transaction(name).objectStore(name);
  }

  setting(name) {
    return finished(this.read('settings').get(name));
  }

  transfers() {
    return finished(this.read('transfers').getAll());
  }

  // Changes a record as it is now: `change` gets it and returns the new one, or `undefined` to
  // leave it. One that is not there stays away.
  amendTransfer(list, transfer, change) {
    return this.change(['transfers'], async (store) => {
      const key = recordKey({ list, transfer });
      const record = await finished(store('transfers').get(key));
      const changed = record && change(record);
      if (changed !== undefined) {
        await finished(store('transfers').put(changed, key));
      }
    });
  }

  // Frames that were filmed, with their transfer's record, in one transaction.
  putFilmed(record, frames) {
    return this.change(['transfers', 'filmed', 'unsent'], async (store) => {
      for (const { name, bytes } of frames) {
        store('filmed').put(bytes, [record.transfer, name]);
        store('unsent').put(true, [record.transfer, name]);
      }
      await finished(store('transfers').put(record, recordKey(record)));
    });
  }

  // The names of all frames of a transfer; each begins with the frame's head.
  async filmedNames(transfer) {
    const keys = await finished(this.read('filmed').getAllKeys(under(transfer)));
    return keys.map(([, name]) => name);
  }

  countFilmed(transfer) {
    return finished(this.read('filmed').count(under(transfer)));
  }

  countUnsent(transfer) {
    return finished(this.read('unsent').count(under(transfer)));
  }

  // Up to `limit` frames that are not on the tray: `[{ key, bytes }]`.
  unsent(limit) {
    return this.change(['unsent', 'filmed'], async (store) => {
      for (;;) {
        const keys = await finished(store('unsent').getAllKeys(null, limit));
        const found = await Promise.all(
          keys.map(async (key) => ({ key, bytes: await finished(store('filmed').get(key)) })),
        );
        const waiting = found.filter(({ bytes }) => bytes !== undefined);
        if (waiting.length > 0 || keys.length === 0) {
          return waiting;
        }
        // Names without frames hold nothing up.
        await Promise.all(keys.map((key) => finished(store('unsent').delete(key))));
      }
    });
  }

  markSent(keys) {
    return this.change(['unsent'], (store) =>
      Promise.all(keys.map((key) => finished(store('unsent').delete(key)))),
    );
  }

  // The tray lost a transfer: all frames are to be left again.
  markUnsent(transfer) {
    return this.change(['filmed', 'unsent'], (store) => leaveAgain(store, under(transfer)));
  }

  // Another tray knows nothing of what the one before was given and has given.
  changeTray(token) {
    return this.change(['settings', 'filmed', 'unsent'], async (store) => {
      await finished(store('settings').put(token, 'token'));
      await finished(store('settings').put(0, 'place'));
      await leaveAgain(store);
    });
  }

  // Frames for a vault as they came, their transfers' records, and where to go on, in one
  // transaction. Entries are `{ transfer, totalBytes, number, bytes }`.
  putWaiting(entries, place) {
    return this.change(['waiting', 'transfers', 'settings'], async (store) => {
      const first = new Map(entries.map((entry) => [entry.transfer, entry]));
      const done = new Set();
      for (const { transfer, totalBytes } of first.values()) {
        const key = recordKey({ list: FOR_PHONE, transfer });
        const record = await finished(store('transfers').get(key));
        if (record === undefined || record.told) {
          // What comes after the tray was told was left anew.
          const fresh = { list: FOR_PHONE, transfer, totalBytes, done: false };
          await finished(store('transfers').put(fresh, key));
        } else if (record.done) {
          done.add(transfer);
        }
      }
      for (const { transfer, number, bytes } of entries.filter((it) => !done.has(it.transfer))) {
        store('waiting').put(bytes, [transfer, number]);
      }
      await finished(store('settings').put(place, 'place'));
    });
  }

  waitingFrames(transfer) {
    return finished(this.read('waiting').getAll(under(transfer)));
  }

  countWaiting(transfer) {
    return finished(this.read('waiting').count(under(transfer)));
  }

  // Removes a transfer's frames, and its record unless one is given to stay in its place.
  clear(list, transfer, record) {
    const frames = list === FROM_PHONE ? ['filmed', 'unsent'] : ['waiting'];
    return this.change([...frames, 'transfers'], async (store) => {
      for (const name of frames) {
        store(name).delete(under(transfer));
      }
      const transfers = store('transfers');
      const key = recordKey({ list, transfer });
      await finished(record ? transfers.put(record, key) : transfers.delete(key));
    });
  }
}

// Takes the page for this tab until the function that is returned is called; `undefined` when
// another tab has it.
export async function takePage() {
  if (navigator.locks === undefined) {
    return () => undefined;
  }
  for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt += 1) {
    const release = await takeLock();
    if (release !== undefined) {
      return release;
    }
    // A page that is loaded anew was there itself a moment ago.
    await new Promise((resolve) => setTimeout(resolve, TAKE_PAUSE_MS));
  }
  return undefined;
}

function takeLock() {
  return new Promise((resolve, reject) => {
    const hold = (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise((release) => resolve(release));
    };
    navigator.locks.request(DATABASE, { ifAvailable: true }, hold).catch(reject);
  });
}

export function recordKey({ list, transfer }) {
  return `${list}/${transfer}`;
}

function under(transfer) {
  return IDBKeyRange.bound([transfer], [transfer, []]);
}

async function leaveAgain(store, range) {
  const keys = await finished(store('filmed').getAllKeys(range));
  await Promise.all(keys.map((key) => finished(store('unsent').put(true, key))));
}

function abort(change) {
  try {
    change.abort();
  } catch {
    // It has ended by itself.
  }
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function completed(change) {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onerror = () => reject(change.error);
    change.onabort = () => reject(change.error);
  });
}
