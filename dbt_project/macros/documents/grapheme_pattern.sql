{#-
    Regular expression of one grapheme, as DuckDB cuts them: tests/engines hold the code points against DuckDB's.
    Control characters stand alone, also a carriage return before a newline.

    spelling    how the engine's regular expressions spell a code point, for Python's % operator, such as \U%08X
-#}
{% macro grapheme_pattern(spelling) -%}
    {%- set control = code_points(spelling, '
        1-1f 7f-9f ad 61c 180e 200b 200e-200f 2028-202e 2060-2064 2066-206f feff fff9-fffb 13430-1343f 1bca0-1bca3
        1d173-1d17a e0001
    ') -%}
    {%- set extending = code_points(spelling, '
        300-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711
        730-74a 7a6-7b0 7eb-7f3 7fd 816-819 81b-823 825-827 829-82d 859-85b 898-89f 8ca-8e1 8e3-903 93a-93c 93e-94f
        951-957 962-963 981-983 9bc 9be-9c4 9c7-9c8 9cb-9cd 9d7 9e2-9e3 9fe a01-a03 a3c a3e-a42 a47-a48 a4b-a4d a51
        a70-a71 a75 a81-a83 abc abe-ac5 ac7-ac9 acb-acd ae2-ae3 afa-aff b01-b03 b3c b3e-b44 b47-b48 b4b-b4d b55-b57
        b62-b63 b82 bbe-bc2 bc6-bc8 bca-bcd bd7 c00-c04 c3c c3e-c44 c46-c48 c4a-c4d c55-c56 c62-c63 c81-c83 cbc
        cbe-cc4 cc6-cc8 cca-ccd cd5-cd6 ce2-ce3 cf3 d00-d03 d3b-d3c d3e-d44 d46-d48 d4a-d4d d57 d62-d63 d81-d83 dca
        dcf-dd4 dd6 dd8-ddf df2-df3 e31 e33-e3a e47-e4e eb1 eb3-ebc ec8-ece f18-f19 f35 f37 f39 f3e-f3f f71-f84
        f86-f87 f8d-f97 f99-fbc fc6 102d-1037 1039-103e 1056-1059 105e-1060 1071-1074 1082 1084-1086 108d 109d
        135d-135f 1712-1715 1732-1734 1752-1753 1772-1773 17b4-17d3 17dd 180b-180d 180f 1885-1886 18a9 1920-192b
        1930-193b 1a17-1a1b 1a55-1a5e 1a60 1a62 1a65-1a7c 1a7f 1ab0-1ace 1b00-1b04 1b34-1b44 1b6b-1b73 1b80-1b82
        1ba1-1bad 1be6-1bf3 1c24-1c37 1cd0-1cd2 1cd4-1ce8 1ced 1cf4 1cf7-1cf9 1dc0-1dff 200c-200d 20d0-20f0 2cef-2cf1
        2d7f 2de0-2dff 302a-302f 3099-309a a66f-a672 a674-a67d a69e-a69f a6f0-a6f1 a802 a806 a80b a823-a827 a82c
        a880-a881 a8b4-a8c5 a8e0-a8f1 a8ff a926-a92d a947-a953 a980-a983 a9b3-a9c0 a9e5 aa29-aa36 aa43 aa4c-aa4d aa7c
        aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1 aaeb-aaef aaf5-aaf6 abe3-abea abec-abed fb1e fe00-fe0f fe20-fe2f
        ff9e-ff9f 101fd 102e0 10376-1037a 10a01-10a03 10a05-10a06 10a0c-10a0f 10a38-10a3a 10a3f 10ae5-10ae6
        10d24-10d27 10eab-10eac 10efd-10eff 10f46-10f50 10f82-10f85 11000-11002 11038-11046 11070 11073-11074
        1107f-11082 110b0-110ba 110c2 11100-11102 11127-11134 11145-11146 11173 11180-11182 111b3-111c0 111c9-111cc
        111ce-111cf 1122c-11237 1123e 11241 112df-112ea 11300-11303 1133b-1133c 1133e-11344 11347-11348 1134b-1134d
        11357 11362-11363 11366-1136c 11370-11374 11435-11446 1145e 114b0-114c3 115af-115b5 115b8-115c0 115dc-115dd
        11630-11640 116ab-116b7 1171d-1171f 11722-1172b 1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940
        11942-11943 119d1-119d7 119da-119e0 119e4 11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99
        11c2f-11c36 11c38-11c3f 11c92-11ca7 11ca9-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d8a-11d8e
        11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 13440 13447-13455 16af0-16af4
        16b30-16b36 16f4f 16f51-16f87 16f8f-16f92 16fe4 16ff0-16ff1 1bc9d-1bc9e 1cf00-1cf2d 1cf30-1cf46 1d165-1d169
        1d16d-1d172 1d17b-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1da00-1da36 1da3b-1da6c 1da75 1da84 1da9b-1da9f
        1daa1-1daaf 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef
        1e4ec-1e4ef 1e8d0-1e8d6 1e944-1e94a 1f3fb-1f3ff e0020-e007f e0100-e01ef
    ') -%}
    {%- set picture = code_points(spelling, '
        a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 2388 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab
        25b6 25c0 25fb-25fe 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271d 2721 2728 2733-2734 2744
        2747 274c 274e 2753-2755 2757 2763-2767 2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030
        303d 3297 3299 1f000-1f02b 1f030-1f093 1f0a0-1f0ae 1f0b1-1f0bf 1f0c1-1f0cf 1f0d1-1f0f5 1f10d-1f10f 1f12f
        1f16c-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ad 1f201-1f202 1f21a 1f22f 1f232-1f23a 1f250-1f251 1f260-1f265
        1f300-1f3fa 1f400-1f53d 1f546-1f64f 1f680-1f6d7 1f6dc-1f6ec 1f6f0-1f6fc 1f774-1f776 1f77b-1f77f 1f7d5-1f7d9
        1f7e0-1f7eb 1f7f0 1f8b0-1f8b1 1f90c-1f93a 1f93c-1f945 1f947-1fa53 1fa60-1fa6d 1fa70-1fa7c 1fa80-1fa88
        1fa90-1fabd 1fabf-1fac5 1face-1fadb 1fae0-1fae8 1faf0-1faf8
    ') -%}
    {%- set consonant = code_points(spelling, '
        915-939 958-95f 978-97f 995-9a8 9aa-9b0 9b2 9b6-9b9 9dc-9dd 9df 9f0-9f1 a95-aa8 aaa-ab0 ab2-ab3 ab5-ab9 af9
        b15-b28 b2a-b30 b32-b33 b35-b39 b5c-b5d b5f b71 c15-c28 c2a-c39 c58-c5a d15-d3a
    ') -%}
    {%- set virama = code_points(spelling, '94d 9cd acd b4d c4d d4d') -%}
    {%- set prepended = code_points(spelling, '
        600-605 6dd 70f 890-891 8e2 d4e 110bd 110cd 111c2-111c3 1193f 11941 11a3a 11a84-11a89 11d46 11f02
    ') -%}
    {%- set leading = code_points(spelling, '1100-115f a960-a97c') -%}
    {%- set vowel = code_points(spelling, '1160-11a7 d7b0-d7c6') -%}
    {%- set syllable = code_points(spelling, 'ac00-d7a3') -%}
    {%- set trailing = code_points(spelling, '11a8-11ff d7cb-d7fb') -%}
    {%- set hangul = '[' ~ leading ~ ']*(?:[' ~ syllable ~ ']|[' ~ vowel ~ '])[' ~ vowel ~ trailing ~ ']*|['
        ~ leading ~ ']+|[' ~ trailing ~ ']+' -%}
    {%- set flag = '[' ~ code_points(spelling, '1f1e6-1f1ff') ~ ']{2}' -%}
    {%- set joiner = code_points(spelling, '200d') -%}
    {%- set pictures = '[' ~ picture ~ '](?:[' ~ extending ~ ']*' ~ joiner ~ '[' ~ picture ~ '])*' -%}
    {%- set consonants = '[' ~ consonant ~ '](?:[' ~ extending ~ ']*[' ~ virama ~ '][' ~ extending ~ ']*[' ~ consonant
        ~ '])*' -%}
    {{ return(
        '[' ~ control ~ ']|[' ~ prepended ~ ']*(?:' ~ flag ~ '|' ~ hangul ~ '|' ~ pictures ~ '|' ~ consonants
        ~ '|[^' ~ control ~ '])[' ~ extending ~ ']*'
    ) }}
{%- endmacro %}
