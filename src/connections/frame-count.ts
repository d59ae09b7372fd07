/** The frames that a request may have: a number, and one more for each portion of bytes. Clients send frames of kilobytes. */
const allowance = { frames: 1024, bytesPerFrame: 256 };

/** Counts the frames of a request. Each frame costs the process the same, however small it is. */
export class FrameCount {
  private frames = 0;
  private bytes = 0;

  /** Counts a frame, and returns whether the request still has no more frames than clients send. */
  add(frame: Buffer): boolean {
    this.frames += 1;
    this.bytes += frame.length;
    return this.frames <= allowance.frames + this.bytes / allowance.bytesPerFrame;
  }
}
