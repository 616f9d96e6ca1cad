export function Logo({ size = 44 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path className="logo-bubble" d="M9 8h11a5 5 0 0 1 5 5v2a5 5 0 0 1-5 5h-6l-5 4.5V20a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3z" />
      <path className="logo-lines" d="M11 12.5h9M11 15.8h6" />
    </svg>
  );
}
