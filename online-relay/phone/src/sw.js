// Keeps the page's own files, and nothing else, so that it opens without a network.

// The build puts a hash of all files here: other files are another version.
const VERSION = 'unbuilt';
const CACHE = `causeway-phone-${VERSION}`;
const FILES = [
  './',
  'style.css',
  'manifest.webmanifest',
  'icon.svg',
  'app.js',
  'camera.js',
  'carry.js',
  'desk.js',
  'film.js',
  'frame.js',
  'relay.js',
  'screen.js',
  'show.js',
  'storage.js',
  'store.js',
  'text.js',
  'view.js',
  'worker.js',
  'zxing/full/index.js',
  'zxing/share.js',
  'zxing/full/zxing_full.wasm',
];

const addresses = new Set(FILES.map((file) => new URL(file, self.location.href).href));

self.addEventListener('install', (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' })));
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener('activate', (event) => {
  const clean = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith('causeway-phone-') && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const address = url.split('#')[0];
  // Calls to the relay, and whatever else, go their own way.
  if (method === 'GET' && addresses.has(address)) {
    event.respondWith(ours(event.request, address));
  }
});

async function ours(request, address) {
  // Opening the cache would make it anew after everything was erased.
  return (await caches.match(address, { cacheName: CACHE })) ?? fetch(request);
}
