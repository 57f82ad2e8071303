// What the head of a light frame says, and how many symbols of a transfer are here.
// Nothing is decoded: symbols stay as they came. Spec: spec/light.md, "Frames".

const HEAD_BYTES = 20;
const CHECKED_BYTES = 16;
const FRAME_BYTES_MAX = 2953;
const BLOCK_BYTES = 1024 * 1024;
const TOTAL_BYTES_MAX = 64 * BLOCK_BYTES;
const SMALL_BYTES_MAX = 128 * 1024;
const VERSION = 1;
const SINGLE = 0b1000;
const CUT_EXPONENT = 0b0111;
const CUT_MAX = 6;
const SYMBOL_ID_MAX = 0x7fffffff;
const ANSWER_ENTRY_BYTES = 24;
const ANSWER_ENTRIES_MAX = 4;

const KINDS = new Map([
  [0xc8, 'pack'],
  [0xc9, 'card'],
  [0xca, 'pairing'],
  [0xcb, 'answer'],
]);

// Symbols beyond the needed ones, so that the courier misses none: each halves the risk.
const SPARE_SYMBOLS = 10;
const SPARE_SYMBOLS_OF_MANY_BLOCKS = 16;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) {
    crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return crc >>> 0;
});

// CRC-32C (Castagnoli) over pieces that lie behind one another.
export function crc32c(...pieces) {
  let crc = 0xffffffff;
  for (const piece of pieces) {
    for (const byte of piece) {
      crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// Reads what a code holds: `{ kind }`, where `kind` is `pack`, `card`, `pairing`, `answer`,
// `damaged` (one of ours with a wrong checksum or length), `newer` or `foreign`. A pack's frame also has
// `transfer` (its name on the tray), `totalBytes` and `symbols`, pairs of block and id; an answer
// has `entries`.
export function readFrame(bytes) {
  const kind = KINDS.get(bytes[0]);
  if (kind === undefined) {
    return { kind: 'foreign' };
  }
  if (bytes.length > 1 && bytes[1] >> 4 > VERSION) {
    return { kind: 'newer' };
  }
  if (bytes.length < 2 || bytes[1] >> 4 !== VERSION) {
    return { kind: 'damaged' };
  }
  return kind === 'answer' ? readAnswer(bytes) : readSymbols(kind, bytes);
}

function readSymbols(kind, bytes) {
  if (bytes.length <= HEAD_BYTES || bytes.length > FRAME_BYTES_MAX) {
    return { kind: 'damaged' };
  }
  const head = readHead(bytes);
  const checksum = crc32c(bytes.subarray(0, CHECKED_BYTES), bytes.subarray(HEAD_BYTES));
  if (checksum !== head.checksum || !canBe(kind, head, bytes.length)) {
    return { kind: 'damaged' };
  }
  const { transfer, totalBytes } = head;
  const symbols = symbolsOf(head);
  return symbols ? { kind, transfer, totalBytes, symbols } : { kind: 'damaged' };
}

function readHead(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const totalBytes = view.getUint32(4);
  return {
    flags: bytes[1] & 0x0f,
    block: bytes[2],
    count: bytes[3],
    totalBytes,
    first: view.getUint32(8),
    transfer: `${hex(bytes.subarray(12, 16))}-${totalBytes}`,
    checksum: view.getUint32(16),
  };
}

function canBe(kind, head, length) {
  const blocks = blockCount(head.totalBytes);
  const flagsFit =
    kind === 'pack' ? (head.flags & CUT_EXPONENT) <= CUT_MAX : head.flags === 0;
  return (
    flagsFit &&
    head.totalBytes >= 1 &&
    head.totalBytes <= TOTAL_BYTES_MAX &&
    head.count >= 1 &&
    head.block < blocks &&
    !(head.flags & SINGLE && blocks === 1) &&
    length === HEAD_BYTES + head.count * symbolBytes(head.totalBytes)
  );
}

// Block and id of each symbol of a frame; `undefined` for a frame against the rules of the order.
// Spec: spec/light.md, "Order": row by row round all blocks, of which a short last one is left
// out of some; or one block alone.
function symbolsOf({ flags, block, count, totalBytes, first }) {
  const blocks = blockCount(totalBytes);
  const full = symbolsOfBlock(totalBytes, 0);
  const last = symbolsOfBlock(totalBytes, blocks - 1);
  const share = Math.min(full, last + Math.floor(last / 32) + 16);
  const single = (flags & SINGLE) !== 0;
  const due = (row) => Math.floor((row * share) / full);
  const isShared = () => !single && place.block === blocks - 1 && share < full;
  const place = { block, row: first };
  const symbols = [];
  while (symbols.length < count) {
    if (isShared() && due(place.row + 1) === due(place.row)) {
      if (symbols.length === 0) {
        return undefined;
      }
    } else {
      symbols.push([place.block, isShared() ? due(place.row) : place.row]);
      if (place.row > SYMBOL_ID_MAX) {
        return undefined;
      }
    }
    place.row += single || place.block === blocks - 1 ? 1 : 0;
    place.block = single ? block : (place.block + 1) % blocks;
  }
  return symbols;
}

// A corner code: what the filming side of somebody else's crossing still lacks.
function readAnswer(bytes) {
  const count = bytes[2];
  const length = 3 + count * ANSWER_ENTRY_BYTES;
  const fits = count >= 1 && count <= ANSWER_ENTRIES_MAX && bytes.length === length + 4;
  if (!fits || (bytes[1] & 0x0f) !== 0) {
    return { kind: 'damaged' };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32c(bytes.subarray(0, length)) !== view.getUint32(length)) {
    return { kind: 'damaged' };
  }
  const entries = Array.from({ length: count }, (_, at) => {
    const start = 3 + at * ANSWER_ENTRY_BYTES;
    const lacks = view.getUint32(start + 12);
    return { id: hex(bytes.subarray(start, start + 4)), lacks };
  });
  return { kind: 'answer', entries };
}

export function blockCount(totalBytes) {
  return Math.ceil(totalBytes / BLOCK_BYTES);
}

function symbolBytes(totalBytes) {
  return totalBytes <= SMALL_BYTES_MAX ? 60 : 480;
}

// How many symbols one block is made of.
export function symbolsOfBlock(totalBytes, block) {
  const start = block * BLOCK_BYTES;
  const length = Math.min(BLOCK_BYTES, totalBytes - start);
  return Math.ceil(length / symbolBytes(totalBytes));
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// The head of a frame names it: its checksum covers the rest.
export function frameName(bytes) {
  return hex(bytes.subarray(0, HEAD_BYTES));
}

// The symbols of a frame that was read before, by its name.
export function symbolsOfName(name) {
  return symbolsOf(readHead(Uint8Array.from(name.match(/../g), (pair) => parseInt(pair, 16))));
}

// Counts the different symbols of one transfer.
export class Tally {
  constructor(totalBytes) {
    this.totalBytes = totalBytes;
    const blocks = blockCount(totalBytes);
    const spare = blocks === 1 ? SPARE_SYMBOLS : SPARE_SYMBOLS_OF_MANY_BLOCKS;
    this.blocks = Array.from({ length: blocks }, (_, block) => {
      const source = symbolsOfBlock(totalBytes, block);
      return { ids: new Set(), source, sourceSeen: 0, wanted: source + spare, isAskedFor: false };
    });
  }

  // Takes the symbols of a frame in and returns how many are new: none, when all that are new are
  // of blocks that have all they need.
  add(symbols) {
    const isNew = ([block, id]) => this.blocks[block]?.ids.has(id) === false;
    const fresh = symbols.filter(isNew);
    if (fresh.every(([block]) => this.blockIsWhole(this.blocks[block]))) {
      return 0;
    }
    const before = this.count;
    for (const [number, id] of fresh) {
      const block = this.blocks[number];
      block.sourceSeen += id < block.source && !block.ids.has(id) ? 1 : 0;
      block.ids.add(id);
    }
    return this.count - before;
  }

  get count() {
    return this.blocks.reduce((sum, block) => sum + block.ids.size, 0);
  }

  // The courier could not put the transfer together: that many more of every block, beyond those
  // that are here. Nothing to do while the ones before are still to come.
  askForMore(symbols) {
    if (this.isWhole) {
      for (const block of this.blocks) {
        block.wanted = block.ids.size + symbols;
        block.isAskedFor = true;
      }
    }
  }

  blockIsWhole(block) {
    const allSource = !block.isAskedFor && block.sourceSeen === block.source;
    return allSource || block.ids.size >= block.wanted;
  }

  get isWhole() {
    return this.blocks.every((block) => this.blockIsWhole(block));
  }

  // How many symbols are to come in all.
  get wanted() {
    return this.blocks.reduce((sum, block) => sum + block.wanted, 0);
  }

  // How many are here. A block of which nothing is missing counts in full, so that the number
  // ends at `wanted`.
  get have() {
    return this.blocks.reduce(
      (sum, block) => sum + (this.blockIsWhole(block) ? block.wanted : block.ids.size),
      0,
    );
  }
}
