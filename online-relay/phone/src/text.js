// Every word that the page says. States are those of spec/README.md.

export const text = {
  banner: 'ONLINE MACHINE',
  title: 'Causeway phone',
  tagline: 'This phone carries sealed pieces. It has no key and can open nothing.',

  link: {
    missing: 'This phone has no tray yet. Open the link that the relay’s operator gave you, once.',
    other: 'This link is for another tray. Change to it? What is on this phone stays here and is left on the new tray.',
    change: 'Change to the new tray',
    keep: 'Keep the old one',
    close: 'Close',
    hint: 'An app on the home screen keeps its own data: give it the link once more. On an iPhone, install first, then film.',
    label: 'The operator’s link',
    take: 'Use this link',
    elsewhere: 'This link is for another relay. Open it in the browser instead.',
    broken: 'The link is not whole: the part behind # is missing or damaged. Copy all of it, or scan its code again.',
  },

  network: {
    offline: 'Offline. What is here stays here and goes on when the phone is online.',
    online: 'Connected to the tray.',
    asking: 'Asking the tray…',
    unreachable: 'The relay does not answer. What is here stays here; the phone tries again by itself.',
    unknown: 'The relay does not know this tray any more. Ask its operator for a new link; what is on this phone stays here.',
    trayFull: 'The tray is full. It takes more when the courier has emptied it; what is here stays here.',
    relayFull: 'The relay is full. Tell its operator; what is here stays here.',
    stuck: 'This phone could not store what it carries: perhaps it has no room. Delete what the courier has; the phone tries again by itself.',
    refused: (status) => `The relay refused with status ${status}. Tell its operator; what is here stays here.`,
  },

  film: {
    heading: 'From the vault',
    hint: 'On the vault: sync --screen. Then film its screen with this phone.',
    start: 'Film the vault’s screen',
    stop: 'Stop filming',
    looking: 'Looking for codes. Hold the whole code inside the picture.',
    starting: 'Starting the camera…',
    decoderFailed: 'This browser could not start the part that reads codes. Reload the page; if it stays, use another browser.',
    pieces: (have, wanted) => `${have} of ${wanted} pieces`,
    whole: 'All pieces are on this phone. You may stop filming.',
    known: 'The courier has this one already. Nothing more is needed.',
    saw: {
      foreign: 'This is another kind of code, not one of a vault.',
      card: 'This is a contact card. Scan it with a vault, not with this page.',
      pairing: 'This is a pairing code. It is for the other machine, never for a phone.',
      answer: 'This code tells the sender what is missing. Film the large one.',
      damaged: 'A code of a vault, but damaged on the way. Hold still.',
      newer: 'A code of a newer version. Open this page again when online, so that it is brought up to date.',
      blurred: 'A code, but too blurred to read. Come closer or hold still.',
    },
    storeFailed: 'This phone has no room for more pieces. Delete what the courier has, then go on.',
  },

  camera: {
    insecure: 'The camera works only over https. Ask the relay’s operator for an https link; http and onion links without it cannot film.',
    denied: 'This page may not use the camera. Allow it in the browser’s settings for this site, then try again.',
    none: 'This device has no camera that the browser can use.',
    busy: 'The camera is used by another app. Close that app, then try again.',
    ended: 'The camera was unplugged or taken away. What was filmed is kept; film again to go on.',
    failed: 'The camera could not be started. Close other apps that use it, then try again.',
  },

  show: {
    heading: 'For the vault',
    none: 'Nothing waits for the vault.',
    hint: 'On the vault: sync --camera. Then hold this screen in front of its camera, as bright as it goes.',
    start: 'Show to the vault',
    stop: 'Stop',
    slower: 'Slower',
    faster: 'Faster',
    bigger: 'Bigger',
    smaller: 'Smaller',
    label: 'Code for the vault’s camera',
    place: (at, count, round, rate) => `Code ${at} of ${count}, round ${round}, ${rate} a second`,
    awake: 'Turn the brightness up. The screen stays on.',
    mayDim: 'Turn the brightness up. This browser cannot keep the screen on: touch it now and then.',
    failed: 'This browser could not draw a code. Stop and show it again; if it stays, reload the page.',
    finished: 'The vault has it',
    gone: 'The courier has replaced this by something newer. Show the newer one.',
  },

  state: {
    onPhone: (have, wanted) => `On phone (${have} of ${wanted})`,
    leaving: (left, all) => `On phone, ${left} of ${all} codes on the tray`,
    onTray: 'On the tray',
    withCourier: 'With the courier',
    wanted: (count) => `The courier asks for ${morePieces(count)}: film it again`,
    fetching: (have, all) => `On the tray, ${have} of ${all} codes on phone`,
    here: (all) => `On phone (${all} of ${all})`,
    shown: 'Shown to the vault',
    vaultHas: (words) => `${words}. The vault’s code says that it has everything.`,
    vaultLacks: (words, count) => `${words}. The vault’s code asks for ${morePieces(count)}.`,
    asOf: (when) => `as of ${when}, not known since`,
  },

  transfer: {
    name: (id) => `Transfer ${id}`,
    remove: 'Delete',
    empty: 'Nothing was filmed yet.',
  },

  remove: {
    title: (id) => `Delete transfer ${id}?`,
    filmed: 'The courier does not have it yet. The vault keeps its own copy; to carry it again, film it again.',
    done: 'The courier has it. Only this note is deleted.',
    waiting: 'The courier keeps its own copy until the vault has confirmed.',
    confirm: 'Delete from this phone',
    cancel: 'Keep',
  },

  storage: {
    notKept: 'The browser may delete what this page keeps when space is short. Install the page, or leave pieces on the tray soon.',
    sevenDays: 'This browser deletes what a page keeps after 7 days without a visit. Add the page to the home screen first, then film: there it keeps its own data and asks for the link once more. Or leave pieces on the tray before that.',
    newer: 'A newer version of this page waits. Load the page again when you have finished.',
    nearlyFull: (free) => `This phone has only ${free} left for this page. Large transfers may not fit.`,
    noWorker: 'This page cannot work offline here, because its address is not trusted https. Keep it open.',
  },

  erase: {
    start: 'Erase this page’s data',
    title: 'Erase everything?',
    words: 'The link to the tray and all pieces on this phone are erased. What lies on the tray stays there. To carry again, open the operator’s link again.',
    confirm: 'Erase everything',
    running: 'Erasing…',
    blocked: 'Another tab has this page open. Close it: then everything is erased.',
    finished: 'Everything is erased. To carry again, open the operator’s link.',
    elsewhere: 'Another tab has erased everything. To carry again, open the operator’s link.',
    failed: 'The browser could not erase everything. Delete the data of this site in the browser’s settings.',
  },

  start: {
    otherTab: 'This page is open in another tab. Go on there, or close it and load this one again.',
    failed: 'The page could not start. Reload it; what was kept is still here.',
    noStore: 'This browser keeps nothing for this page, perhaps because of private browsing. Open the link in an ordinary window.',
  },
};

function morePieces(count) {
  return count === 1 ? '1 more piece' : `${count} more pieces`;
}

// A size as a person reads it.
export function sizeText(bytes) {
  if (bytes < 1024) {
    return `${bytes} bytes`;
  }
  const [value, unit] =
    bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / (1024 * 1024), 'MiB'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
