import { Box, Skeleton } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Content that is made only when half of its place is on the screen, and stays from then on. */
export function WhenSeen({ height, children }: { height: number; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen || !place.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { threshold: 0.5 },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return (
    <Box ref={place} mih={isSeen ? undefined : height}>
      {isSeen ? children : <Skeleton height={height} animate={false} opacity={0.3} />}
    </Box>
  );
}
