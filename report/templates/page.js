const box = document.getElementById('page-find');
const places = [...document.querySelectorAll('.doc')];
const texts = places.map((place) => place.textContent.toLowerCase());
function find() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let hits = 0;
  places.forEach((place, number) => {
    place.hidden = !words.every((word) => texts[number].includes(word));
    hits += !place.hidden;
  });
  document.getElementById('page-found').textContent = words.length ? `${hits} of ${places.length} documents` : '';
}
function open() {
  let id = '';
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const place = document.getElementById(id);
  if (!place || !place.matches('.doc')) return;
  place.hidden = false;
  place.open = true;
  place.scrollIntoView();
  place.querySelector('summary').focus({ preventScroll: true });
}
box.addEventListener('input', find);
addEventListener('hashchange', open);
document.getElementById('page-search').hidden = false;
find();
open();
