/** What a browser can tell of a picture, film or sound, in pixels and seconds; nothing of what it cannot show. */
export interface Measures {
  readonly width?: number;
  readonly height?: number;
  readonly duration?: number;
}

/** What takes longer, in milliseconds, is not waited for. */
const patience = 3_000;

export async function measure(type: string, url: string): Promise<Measures> {
  const [kind] = type.split("/");
  const measured = kind === "image" ? measurePicture(url) : kind === "video" || kind === "audio" ? measureMedium(kind, url) : undefined;
  const late = new Promise<Measures>((resolve) => setTimeout(() => resolve({}), patience));
  return Promise.race([measured ?? {}, late]);
}

function measurePicture(url: string): Promise<Measures> {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth === 0 ? {} : { width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => resolve({});
    image.src = url;
  });
}

function measureMedium(kind: "video" | "audio", url: string): Promise<Measures> {
  return new Promise((resolve) => {
    const medium = document.createElement(kind);
    medium.preload = "metadata";
    medium.onerror = () => resolve({});
    medium.onloadedmetadata = () => {
      const duration = Number.isFinite(medium.duration) ? { duration: medium.duration } : {};
      const size = medium instanceof HTMLVideoElement && medium.videoWidth > 0 ? { width: medium.videoWidth, height: medium.videoHeight } : {};
      resolve({ ...duration, ...size });
      medium.removeAttribute("src");
    };
    medium.src = url;
  });
}
