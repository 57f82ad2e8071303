// The calls of a tray, as the phone makes them. Spec: spec/relay.md, "Trays".

const BODY_BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 60_000;

// Why a call failed: `code` is `unreachable`, `unknown`, `trayFull`, `relayFull` or `refused`.
export class RelayTrouble extends Error {
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

export class Tray {
  // The page lies at `URL/phone/`, the calls at `URL/v1/`.
  constructor(token, base = new URL('../v1/', location.href)) {
    this.token = token;
    this.base = base;
  }

  // What lies on both lists. Spec: `GET /v1/tray`.
  async state() {
    const { content } = await this.call('GET', 'tray', undefined, (it) => it.json());
    if (!isList(content?.from_phone) || !isList(content?.for_phone)) {
      throw new RelayTrouble('refused', 200);
    }
    return content;
  }

  // Leaves frames, as many as one call takes; returns how many that were.
  async leave(frames) {
    const { body, count } = joinFrames(frames);
    await this.call('POST', 'tray/frames', body);
    return count;
  }

  // Frames behind a place: `{ frames, place, more }`.
  async fetch(after) {
    const path = `tray/frames?after=${after}`;
    const { headers, content } = await this.call('GET', path, undefined, (it) => it.arrayBuffer());
    const frames = splitFrames(new Uint8Array(content));
    const place = Number(headers.get('causeway-place'));
    const more = headers.get('causeway-more') === '1';
    if (frames === undefined || !Number.isSafeInteger(place) || place < after + frames.length) {
      throw new RelayTrouble('refused', 200);
    }
    return { frames, place, more: more && frames.length > 0 };
  }

  async done(list, transfers) {
    await this.call('POST', 'tray/done', JSON.stringify({ list, transfers }));
  }

  // Calls the relay; `read` takes what it wants from the answer's body.
  async call(method, path, body, read = () => undefined) {
    let response;
    let content;
    try {
      response = await fetch(new URL(path, this.base), {
        method,
        body,
        headers: { authorization: `Bearer ${this.token}` },
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // A body can break off, or be that of somebody in between.
      content = response.ok ? await read(response) : undefined;
    } catch {
      throw new RelayTrouble('unreachable');
    }
    if (!response.ok) {
      throw troubleOf(response.status, response.headers.get('causeway-error'));
    }
    return { headers: response.headers, content };
  }
}

function isList(list) {
  return Array.isArray(list?.transfers) && list.transfers.every(isTransfer);
}

function isTransfer(found) {
  return (
    typeof found?.transfer === 'string' &&
    typeof found.done === 'boolean' &&
    [found.frames, found.wanted].every((count) => Number.isSafeInteger(count) && count >= 0)
  );
}

function troubleOf(status, code) {
  if (code === 'tray-unknown' || status === 401) {
    return new RelayTrouble('unknown', status);
  }
  if (status === 507) {
    return new RelayTrouble(code === 'tray-full' ? 'trayFull' : 'relayFull', status);
  }
  // What stands in front of the relay says so while the relay is away.
  if (status === 503 || status === 502 || status === 504 || status === 408) {
    return new RelayTrouble('unreachable', status);
  }
  return new RelayTrouble('refused', status);
}

// `(u16 length || frame)*`, of as many frames as one body holds.
export function joinFrames(frames) {
  const fitting = [];
  let length = 0;
  for (const frame of frames) {
    if (length + 2 + frame.length > BODY_BYTES_MAX) {
      break;
    }
    fitting.push(frame);
    length += 2 + frame.length;
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const frame of fitting) {
    body[at] = frame.length >> 8;
    body[at + 1] = frame.length & 0xff;
    body.set(frame, at + 2);
    at += 2 + frame.length;
  }
  return { body, count: fitting.length };
}

// The inverse; `undefined` for anything else.
export function splitFrames(body) {
  const frames = [];
  let at = 0;
  while (at < body.length) {
    const length = body[at] * 256 + body[at + 1];
    const end = at + 2 + length;
    if (!(length > 0) || end > body.length) {
      return undefined;
    }
    frames.push(body.slice(at + 2, end));
    at = end;
  }
  return frames;
}

// The token behind the `#` of a link: 32 bytes in base64url; `undefined` for anything else.
export function readToken(fragment) {
  const found = /^#?([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/.exec(fragment);
  return found === null ? undefined : found[1];
}
