/** Frames that a request may have: so many, and one more for each of so many bytes. Clients send pieces of kilobytes. */
const allowance = { frames: 1024, bytesPerFrame: 256 };

/** Counts the frames of a request: each costs the process the same, however little is in it. */
export class FrameCount {
  private frames = 0;
  private bytes = 0;

  /** Returns whether the request is still cut into pieces as clients do. */
  add(frame: Buffer): boolean {
    this.frames += 1;
    this.bytes += frame.length;
    return this.frames <= allowance.frames + this.bytes / allowance.bytesPerFrame;
  }
}
