// How long the browser keeps what the page keeps, and how much fits.

const FREE_BYTES_MIN = 100 * 1024 * 1024;

// The warnings to show: `[{ code, free }]`, `code` a name in `text.storage`.
export async function storageWarnings() {
  const warnings = [];
  if (!('serviceWorker' in navigator)) {
    warnings.push({ code: 'noWorker' });
  }
  if (forgetsAfterSevenDays()) {
    warnings.push({ code: 'sevenDays' });
  } else if (!(await isKept())) {
    warnings.push({ code: 'notKept' });
  }
  const free = await freeBytes();
  if (free !== undefined && free < FREE_BYTES_MIN) {
    warnings.push({ code: 'nearlyFull', free });
  }
  return warnings;
}

// Makes the browser forget the page's own files, so that nothing of it opens without a network.
export async function forgetFiles() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.unregister();
  const names = (await globalThis.caches?.keys()) ?? [];
  const ours = names.filter((name) => name.startsWith('causeway-phone-'));
  await Promise.all(ours.map((name) => caches.delete(name)));
}

// Safari's rule for pages that are not on the home screen.
function forgetsAfterSevenDays() {
  const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  const isSafari = /Safari\//.test(navigator.userAgent) && !/Chrom/.test(navigator.userAgent);
  const isInstalled = matchMedia('(display-mode: standalone)').matches || navigator.standalone;
  return (isApple && isSafari && !isInstalled) || false;
}

async function isKept() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}

async function freeBytes() {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota - usage;
  } catch {
    return undefined;
  }
}
