// Keeps the screen on.

// Asks the browser to keep the screen on, again after the page was hidden. `held` says whether it
// does; `release` ends it.
export async function keepAwake() {
  let lock;
  let wanted = true;
  const ask = async () => {
    try {
      lock = await navigator.wakeLock?.request('screen');
    } catch {
      lock = undefined;
    }
    if (!wanted) {
      lock?.release();
    }
  };
  const again = () => {
    if (document.visibilityState === 'visible') {
      void ask();
    }
  };
  document.addEventListener('visibilitychange', again);
  await ask();
  return {
    held: lock !== undefined,
    release() {
      wanted = false;
      document.removeEventListener('visibilitychange', again);
      lock?.release();
    },
  };
}
