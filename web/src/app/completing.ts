import { query } from "../client/http";
import { Parley } from "../client/parley";
import { Id, MemberPage, User } from "../client/types";
import { characters, fits, limits } from "../rules/limits";

/** The members of a group whose names have words that begin so, for groups that list only some. */
export async function findMembers({ parley }: { parley: Parley }, id: Id, text: string, most: number, signal: AbortSignal): Promise<User[]> {
  if (!fits(characters(text), limits.nameQuery)) return [];
  const path = query(`/conversations/${id}/members`, { query: text, limit: most });
  return (await parley.http.get<MemberPage>(path, signal)).members.map(({ user }) => user);
}
