/** Two texts side by side (below each other on a phone), with what differs marked. */
import { Typography } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import { useMedia } from "../shared/media";
import "./diff.css";

const SIDE_BY_SIDE = "(min-width: 768px)";

type Sides = { before: string; after: string; titles?: [string, string] };

export function Diff({ before, after, titles }: Sides): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const wide = useMedia(SIDE_BY_SIDE);
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    let left = false;
    let close = (): void => undefined;
    void import("./merge").then(({ show }) => {
      if (!left) close = show(parent, before, after, wide);
    });
    return () => {
      left = true;
      close();
    };
  }, [before, after, wide]);
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
      <div ref={place} />
    </div>
  );
}
