/** Two texts side by side (below each other on a phone), with what differs marked. */
import { Typography } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import { useMedia } from "../shared/media";
import "./diff.css";

const SIDE_BY_SIDE = "(min-width: 768px)";

type Sides = { before: string; after: string; titles?: [string, string] };

export function Diff({ before, after, titles }: Sides): ReactNode {
  const screen = useRef<HTMLDivElement>(null);
  const paper = useRef<HTMLDivElement>(null);
  const wide = useMedia(SIDE_BY_SIDE);
  useEffect(
    () => drawn(screen.current, (merge, place) => merge.show(place, before, after, wide)),
    [before, after, wide],
  );
  useEffect(() => drawn(paper.current, (merge, place) => merge.write(place, before, after)), [before, after]);
  return (
    <div className="diff">
      {titles ? (
        <div className="diff-titles">
          {titles.map((title) => (
            <Typography.Text key={title} type="secondary">
              {title}
            </Typography.Text>
          ))}
        </div>
      ) : null}
      <div ref={screen} className="no-print" />
      <div ref={paper} className="diff-paper" />
    </div>
  );
}

type Merge = typeof import("./merge");

/** Draws in a place as soon as it can be; gives what takes that away. */
function drawn(place: HTMLElement | null, draw: (merge: Merge, place: HTMLElement) => () => void): () => void {
  let left = false;
  let close = (): void => undefined;
  if (place)
    void import("./merge").then((merge) => {
      if (!left) close = draw(merge, place);
    });
  return () => {
    left = true;
    close();
  };
}
