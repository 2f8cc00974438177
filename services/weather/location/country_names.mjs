// SPDX-License-Identifier: BSL-1.0
// Writes country_names.cpp: `node country_names.mjs > country_names.cpp`. Names: Unicode CLDR, from Node's Intl, in
// widely used languages and in the languages of the country. Official English names and alpha-3 codes: Debian's package
// iso-codes. Names that differ only in case, diacritics, spaces or punctuation are written once.
import { readFileSync } from 'node:fs';

const countries = JSON.parse(readFileSync('/usr/share/iso-codes/json/iso_3166-1.json', 'utf8'))['3166-1'];
const languages = [
  'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'sv', 'da', 'nn', 'fi', 'cs', 'hu', 'ro', 'el', 'tr', 'ru', 'uk', 'he', 'ar', 'hi', 'th',
  'vi', 'id', 'zh', 'zh-Hant', 'ja', 'ko',
];

/** Kosovo has no code in ISO 3166-1; this one is in use, at Open-Meteo too. */
const kosovo = { alpha_2: 'XK', alpha_3: 'XKX', name: 'Kosovo' };

/** Common names that neither CLDR nor iso-codes has, and parts of a country that are used in place of it. */
const variants = {
  AE: ['UAE', 'Emirates', 'الإمارات'],
  AG: ['Antigua'],
  AL: ['Shqipëria'],
  AM: ['Hayastan'],
  BA: ['Bosnia', 'BiH', 'Bosna i Hercegovina'],
  BN: ['Brunei Darussalam'],
  BY: ['Byelorussia', 'White Russia', 'Weißrussland'],
  CD: ['Democratic Republic of Congo', 'DR Congo', 'Congo DR', 'DRC', 'Zaire'],
  CG: ['Congo', 'Republic of Congo'],
  CH: ['Svizra', 'Swiss'],
  CI: ['Ivory Coast'],
  CN: ['PRC', 'PR China', 'Mainland China', '中华人民共和国', '中華人民共和國'],
  CV: ['Cape Verde', 'Cabo Verde'],
  CZ: ['Česká republika'],
  DE: ['Bundesrepublik Deutschland', 'BRD'],
  EG: ['Misr'],
  ES: ['Espanya', 'Espainia'],
  ET: ['Abyssinia'],
  FK: ['Falklands', 'Malvinas'],
  FO: ['Faroes', 'Faeroe Islands'],
  FR: ['République française'],
  GB: ['UK', 'Great Britain', 'Britain', 'England', 'Scotland', 'Wales', 'Northern Ireland', 'Großbritannien', 'Grande-Bretagne',
    'Gran Bretaña', 'Grã-Bretanha', 'Gran Bretagna', 'Groot-Brittannië', 'Angleterre', 'Inglaterra', 'Inghilterra', 'Engeland',
    'Schottland', 'Écosse', 'Escocia', 'Scozia'],
  GE: ['Sakartvelo'],
  GL: ['Grønland'],
  GR: ['Hellas', 'Ellada'],
  HK: ['Hong Kong SAR', '香港'],
  IE: ['Republic of Ireland', 'Eire'],
  IL: ['Yisrael'],
  IN: ['Bharat', 'Hindustan'],
  IR: ['Persia'],
  JP: ['Nippon', 'Nihon', '日本国'],
  KH: ['Kampuchea'],
  KN: ['Saint Kitts'],
  KP: ['DPRK', 'N. Korea', 'Korea North'],
  KR: ['Korea', 'ROK', 'S. Korea', 'Korea South', '한국', '韓國'],
  KZ: ['Қазақстан'],
  LA: ['Lao PDR'],
  LK: ['Ceylon'],
  LU: ['Lëtzebuerg'],
  ME: ['Crna Gora'],
  MK: ['Macedonia', 'FYROM', 'Makedonija'],
  MM: ['Burma', 'Myanmar', 'Birma', 'Birmanie', 'Birmania'],
  MO: ['Macao', 'Macau', '澳門', '澳门'],
  NL: ['Holland'],
  NO: ['Noreg'],
  NZ: ['Aotearoa'],
  PG: ['PNG'],
  PS: ['Palestine', 'West Bank', 'Gaza', 'Gaza Strip'],
  RO: ['Roumania'],
  RS: ['Srbija'],
  SA: ['KSA', 'السعودية'],
  SY: ['Syrian Arab Republic'],
  SZ: ['Swaziland'],
  TH: ['Siam', 'ประเทศไทย'],
  TL: ['East Timor'],
  TR: ['Turkey'],
  TT: ['Trinidad', 'Tobago'],
  TW: ['Republic of China', 'ROC', 'Taiwan ROC', 'Chinese Taipei', '臺灣'],
  US: ['USA', 'America', 'The States', 'US of A', 'EE. UU.', 'EUA', 'США', 'Vereinigte Staaten von Amerika',
    "États-Unis d'Amérique", 'Estados Unidos de América', 'Estados Unidos da América', "Stati Uniti d'America"],
  VA: ['Vatican', 'Vatican City State', 'Holy See'],
  VC: ['Saint Vincent'],
  VI: ['Virgin Islands', 'United States Virgin Islands'],
  VN: ['Viet Nam'],
  XK: ['Kosova', 'Косово'],
  ZA: ['RSA', 'Suid-Afrika', 'S. Africa'],
};

/** All strings in which each `from` is kept or replaced. */
function spellings(text, replacements) {
  return replacements.reduce((all, [from, to]) => [...all, ...all.map((one) => one.replaceAll(from, to))], [text]);
}

const englishSpellings = [[' & ', ' and '], [' and ', ' & '], ['St. ', 'Saint '], ['Saint ', 'St. ']];
/** Spellings on keyboards without umlauts. */
const germanSpellings = [['ä', 'ae'], ['ö', 'oe'], ['ü', 'ue'], ['Ä', 'Ae'], ['Ö', 'Oe'], ['Ü', 'Ue']];

/** What `country_code` compares. */
function key(text) {
  const folded = text.normalize('NFKD').toLowerCase().replaceAll('ß', 'ss');
  return folded.replace(/[^\p{L}\p{N}]/gu, '').replace(/[ʻʼ]/g, '');
}

/** With a second text for an inverted one, such as "Korea, Republic of". */
function uninverted(text) {
  const [first, ...rest] = text.split(', ');
  return rest.length === 1 ? [`${first} ${rest[0]}`, `${rest[0]} ${first}`] : [text];
}

function displayName(language, code, style) {
  return new Intl.DisplayNames([language], { type: 'region', style }).of(code);
}

function names({ alpha_2: code, alpha_3: alpha3, name, official_name: officialName, common_name: commonName }) {
  const own = new Intl.Locale(`und-${code}`).maximize().language;
  const all = [alpha3];
  const english = [
    ...(variants[code] ?? []),
    ...[name, officialName, commonName].filter(Boolean).flatMap(uninverted),
    ...['long', 'short'].map((style) => displayName('en', code, style)),
  ];
  all.push(...english.flatMap((text) => spellings(text, englishSpellings)));
  // Only long forms: a short form in one language can be another country's code.
  for (const language of [...languages, own]) all.push(displayName(language, code, 'long'));
  all.push(...spellings(displayName('de', code, 'long'), germanSpellings));
  const distinct = new Map([[key(code), code]]);
  for (const text of all) if (!distinct.has(key(text))) distinct.set(key(text), text);
  return [...distinct.values()].slice(1);
}

const rows = [...countries, kosovo]
  .sort((a, b) => (a.alpha_2 < b.alpha_2 ? -1 : 1))
  .map((country) => `    {"${country.alpha_2}", "${names(country).join('|')}"},`);
process.stdout.write(`// SPDX-License-Identifier: BSL-1.0
// Generated by country_names.mjs; do not edit.
#include "services/weather/location/country_names.hpp"

namespace cohort::weather {
namespace {

// clang-format off
constexpr country_names table[] = {
${rows.join('\n')}
};
// clang-format on

}  // namespace

std::span<const country_names> all_country_names() noexcept { return table; }

}  // namespace cohort::weather
`);
