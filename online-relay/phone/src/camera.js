// The camera: opened, turned into pixels, and said why when it cannot be.

const WISH = {
  audio: false,
  video: {
    facingMode: { ideal: 'environment' },
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
  },
};

// Why there is no picture: `code` is one of the names in `text.camera`.
export class CameraTrouble extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const CODES = new Map([
  ['NotAllowedError', 'denied'],
  ['SecurityError', 'denied'],
  ['NotFoundError', 'none'],
  ['OverconstrainedError', 'none'],
  ['NotReadableError', 'busy'],
  ['AbortError', 'busy'],
]);

export class Camera {
  // Shows the camera in `video`; `onEnd` is called when it goes away by itself.
  static async open(video, onEnd) {
    if (!window.isSecureContext || navigator.mediaDevices === undefined) {
      throw new CameraTrouble('insecure');
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(WISH);
    } catch (err) {
      throw new CameraTrouble(CODES.get(err.name) ?? 'failed');
    }
    const camera = new Camera(video, stream);
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', onEnd);
    await focusAlways(track);
    video.srcObject = stream;
    try {
      await video.play();
    } catch {
      camera.close();
      throw new CameraTrouble('failed');
    }
    return camera;
  }

  constructor(video, stream) {
    this.video = video;
    this.stream = stream;
    this.canvas = document.createElement('canvas');
    this.context = this.canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  }

  // The picture of this moment; `undefined` while there is none.
  grab() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width === 0 || height === 0 || this.video.readyState < 2) {
      return undefined;
    }
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context.drawImage(this.video, 0, 0);
    const { data } = this.context.getImageData(0, 0, width, height);
    return { pixels: data.buffer, width, height };
  }

  // Calls back when the next picture is there.
  onPicture(callback) {
    if ('requestVideoFrameCallback' in this.video) {
      this.video.requestVideoFrameCallback(callback);
    } else {
      setTimeout(callback, 1000 / 30);
    }
  }

  close() {
    for (const track of this.stream.getTracks()) {
      track.stop();
    }
    this.video.srcObject = null;
  }
}

async function focusAlways(track) {
  try {
    await track.applyConstraints({ advanced: [{ focusMode: 'continuous' }] });
  } catch {
    // A camera without this setting focuses as it does.
  }
}
