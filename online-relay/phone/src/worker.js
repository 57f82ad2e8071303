// Reads and writes QR codes away from the page's own thread, with zxing-wasm.

import { prepareZXingModule, readBarcodes, writeBarcode } from './zxing/full/index.js';

// Without this the library would ask a server of its own for the file.
prepareZXingModule({
  overrides: { locateFile: (name) => new URL(`zxing/full/${name}`, import.meta.url).href },
});

const READING = {
  formats: ['QRCode'],
  maxNumberOfSymbols: 6,
  returnErrors: true,
  tryInvert: false,
  tryRotate: false,
};

// Answers a picture with the codes in it: `{ bytes }` each, `bytes` missing where it is blurred.
async function read({ pixels, width, height }) {
  const found = await readBarcodes({ data: new Uint8ClampedArray(pixels), width, height }, READING);
  return found
    .map((code) => ({ bytes: code.isValid ? code.bytes : undefined, error: code.error }))
    .filter((code) => code.bytes !== undefined || code.error !== '');
}

// Answers bytes with the modules of their code, row by row, 1 for black.
async function draw({ bytes }) {
  const made = await writeBarcode(bytes, { format: 'QRCode', options: 'ecLevel=L' });
  if (made.error !== '' && made.error !== undefined) {
    throw new Error(made.error);
  }
  const { data, width } = made.symbol;
  return { size: width, modules: Uint8Array.from(data, (value) => (value === 0 ? 1 : 0)) };
}

const WORK = { read, draw };

self.onmessage = async ({ data: { number, kind, wish } }) => {
  try {
    self.postMessage({ number, result: await WORK[kind](wish) });
  } catch (err) {
    self.postMessage({ number, error: String(err) });
  }
};
